"""Stage 2: how well a few of a person's own ratings turn generic scores into that person's.

    python -m launch.personalize --config=configs/quickstart.py --workdir=runs/quickstart

Reads what launch.evaluate predicted for the test split of config.data.aesthetics and the ratings in
that folder, and evaluates config.personalize.solvers on the test users. Writes into WORKDIR
personalize.json (Table V, Fig. 6, the test over people) and per_user.csv; with
--config.personalize.scores also scores_SOLVER.parquet, which launch.benchmark reads.

    python -m launch.personalize --config=configs/personalize_at_scale.py --workdir=runs/everyone

fits every user of sharded tables instead, on all their ratings: see that config.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags
from ml_collections import config_flags

from launch import cli_errors, distributed
from paiaa_jax import files

FLAGS = flags.FLAGS


def main(_) -> None:
  distributed.initialize()
  config, workdir = FLAGS.config, Path(FLAGS.workdir)
  if "shards" in config:
    from paiaa_jax.apps import personalize_shards

    personalize_shards.run(config.shards.to_dict(), workdir)
  elif distributed.is_first_process():
    evaluate(config, workdir)


def evaluate(config, workdir: Path) -> None:
  """The paper's protocol on a run's predictions: arrays in, two files and a table out."""
  from paiaa_jax.apps import personalize_users
  from paiaa_jax.personalization.splits import Protocol

  personalize = config.personalize
  suffix = f"_{personalize.name}" if personalize.name else ""
  protocol = Protocol(tuple(personalize.shots), personalize.num_splits, personalize.seed)
  features = personalize_users.read_coordinates_too(personalize.solvers)
  inputs = personalize_users.read(
    workdir, Path(config.data.aesthetics), personalize.ratings, features=features
  )

  def save_scores(solver, table):
    files.write_frame(workdir / f"scores_{solver}{suffix}.parquet", table)

  save = save_scores if personalize.scores else None
  result = personalize_users.evaluate(inputs, personalize.solvers, protocol, save)
  files.write_json(workdir / f"personalize{suffix}.json", result)
  files.write_frame(workdir / f"per_user{suffix}.csv", personalize_users.user_table(result))
  personalize_users.show(result)


if __name__ == "__main__":
  config_flags.DEFINE_config_file("config", None, "Run config.", lock_config=True)
  flags.DEFINE_string("workdir", None, "Folder of the run.")
  flags.mark_flags_as_required(["config", "workdir"])
  cli_errors.run(main)
