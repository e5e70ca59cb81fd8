"""Divides a prepared PsychoFlickr into folds by user, as index files; no image is copied.

    python -m launch.make_folds --prepared=/data/prepared/psychoflickr --folds=10

writes /data/prepared/psychoflickr_fold0 .. 9, each a prepared folder for --config.data.auxiliary.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from launch import cli_errors

FLAGS = flags.FLAGS


def main(_) -> None:
  from paiaa_jax.data import folds

  for fold in range(FLAGS.folds):
    print(folds.write_view(Path(FLAGS.prepared), fold, FLAGS.folds, seed=FLAGS.seed))


if __name__ == "__main__":
  flags.DEFINE_string("prepared", None, "A folder that launch.prepare_data wrote.", required=True)
  flags.DEFINE_integer("folds", 10, "Into how many parts the people are drawn.", lower_bound=2)
  flags.DEFINE_integer("seed", 0, "Of the draw.")
  cli_errors.run(main)
