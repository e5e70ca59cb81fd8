"""Fits Table V's other methods on the same shots, splits and features as PA_IAA.

    python -m launch.evaluate --workdir=runs/quickstart --data=DIR --split=test --features
    python -m launch.evaluate --workdir=runs/quickstart --data=DIR --split=train --features
    python -m launch.baselines --config=configs/quickstart.py --workdir=runs/quickstart

DIR is config.data.aesthetics. Shots, splits, seed and ratings are those of config.personalize, as
in launch.personalize. After each baseline it writes WORKDIR/baselines.json, which is laid out as
personalize.json, and per_user_baselines.csv. Started again, it fits the baselines that are missing;
with other settings or predictions it starts afresh. Baselines that learn from other users need the
predictions of the train split, and are left out without them. With --features=x.parquet, features
are read from that file, for the photographs of both splits (see paiaa_jax/data/vectors.py).
"""

from __future__ import annotations

from pathlib import Path

from absl import flags
from ml_collections import config_flags

from launch import cli_errors

FLAGS = flags.FLAGS


def main(_) -> None:
  from paiaa_jax.data import vectors
  from studies.baselines import workdir

  config, only = FLAGS.config, [name for name in FLAGS.only if name]
  given = vectors.read(FLAGS.features) if FLAGS.features else None
  workdir.run(Path(FLAGS.workdir), Path(config.data.aesthetics), config.personalize, only, given)


if __name__ == "__main__":
  config_flags.DEFINE_config_file("config", None, "Run config.", lock_config=True)
  flags.mark_flags_as_required(["config"])
  flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
  flags.DEFINE_list("only", [], "Baselines to run, NAME,...; all by default.")
  flags.DEFINE_string("features", "", "Vectors of the photographs, .parquet or .npy.")
  cli_errors.run(main)
