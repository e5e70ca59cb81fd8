"""Stage 2: how well a few of a person's own ratings turn generic scores into that person's.

    python -m launch.personalize --config=configs/quickstart.py --workdir=runs/quickstart

Reads what launch.evaluate predicted for the test split of config.data.aesthetics and the ratings in
that folder, and evaluates config.personalize.solvers on the test users. Writes into WORKDIR
personalize.json (Table V, Fig. 6, the test over people) and per_user.csv; with
--config.personalize.scores also scores_SOLVER.parquet, which launch.benchmark reads.

    python -m launch.personalize --config=... --workdir=... --features=siglip.parquet

lets solvers that read the photographs' features (taste, conditional) read anybody's vectors instead
(paiaa_jax/data/vectors.py says how a file holds them), as they are: taste compares them by a
Gaussian of width 1, so their lengths should be about 1.

    python -m launch.personalize --config=... --workdir=... --people=PARA-UserInfo.csv

asks instead what a description of the user is worth, Big-Five and demographics, from no ratings on:
a prior of the weights learnt from the training users. Writes WORKDIR/described.json, with traits
shuffled over users beside it.

    python -m launch.personalize --config=configs/personalize_at_scale.py --workdir=runs/everyone

fits every user of sharded tables instead, on all their ratings: see that config.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags
from ml_collections import config_flags

from launch import cli_errors, distributed

FLAGS = flags.FLAGS


def main(_) -> None:
  distributed.initialize()
  config, workdir = FLAGS.config, Path(FLAGS.workdir)
  if "shards" in config:
    from paiaa_jax.apps import personalize_shards

    personalize_shards.run(config.shards.to_dict(), workdir)
  elif distributed.is_first_process():
    from paiaa_jax.apps import personalize_users
    from paiaa_jax.data import vectors

    if FLAGS.people:
      from paiaa_jax.apps import described_users

      people, prepared = Path(FLAGS.people), Path(config.data.aesthetics)
      described_users.run(workdir, prepared, people, config.personalize)
      return
    given = vectors.read(FLAGS.features) if FLAGS.features else None
    personalize_users.run(workdir, Path(config.data.aesthetics), config.personalize, given)


if __name__ == "__main__":
  config_flags.DEFINE_config_file("config", None, "Run config.", lock_config=True)
  flags.DEFINE_string("workdir", None, "Folder of the run.")
  flags.DEFINE_string("features", "", "Vectors of the photographs, .parquet or .npy.")
  flags.DEFINE_string("people", "", "A table of users: Big-Five, age, schooling, ...")
  flags.mark_flags_as_required(["config", "workdir"])
  cli_errors.run(main)
