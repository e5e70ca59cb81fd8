"""Stage 2: learns each user's scores from a few of their ratings, and measures them on the others.

    python -m launch.personalize --config=configs/quickstart.py --workdir=runs/quickstart

Reads the predictions of launch.evaluate for the test split of config.data.aesthetics, and the
ratings in that folder, and evaluates config.personalize.solvers on the test users. Writes into
WORKDIR personalize.json (Table V, Fig. 6, the test over users) and per_user.csv; with
--config.personalize.scores also scores_SOLVER.parquet, which launch.benchmark reads.

    python -m launch.personalize --config=... --workdir=... --features=siglip.parquet

gives the solvers that read features (taste, conditional) the vectors of that file in place of the
network's (paiaa_jax/data/vectors.py describes the file). They are not rescaled: taste compares them
by a Gaussian kernel of width 1, so their lengths should be about 1.

    python -m launch.personalize --config=... --workdir=... --people=PARA-UserInfo.csv

measures instead what a description of the user (Big-Five, demographics) is worth at each number of
ratings, from none on: it sets the mean of the weights' prior, as learned from the training users.
Writes WORKDIR/described.json, with a control in which descriptions are shuffled over users.

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
