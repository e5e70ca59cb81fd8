r"""Evaluates a trained model on a prepared split: its predictions, and how well they agree.

    python -m launch.evaluate --workdir=runs/ava --data=/data/prepared/ava --split=test

Reads WORKDIR/model. Writes WORKDIR/predictions/<database>_<split>.parquet (one row an image), the
raters' labels beside it as .npz, and the agreement as .json. All devices of the machine are used.
With --features it also writes the pooled features for launch.baselines, as
<database>_<split>_features.npy: [n, d] float32, in the order of the table's rows.

    python -m launch.evaluate --workdir=runs/flickr_aes --data=/data/prepared/flickr_aes \
        --out_of_fold=runs/folds/left_out_fold=0,...,runs/folds/left_out_fold=4

writes WORKDIR/predictions/<database>_out_of_fold.parquet: each training image is predicted by the
run of configs/sweeps/out_of_fold.py that was not trained on it. With this file, launch.personalize
learns the prior of empirical_bayes, taste and population_mean from the training users.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from launch import cli_errors

FLAGS = flags.FLAGS


def main(_) -> None:
  from paiaa_jax.apps import evaluate_model

  workdir = Path(FLAGS.workdir)
  if FLAGS.out_of_fold:
    options = [Path(run) for run in FLAGS.out_of_fold], FLAGS.features, FLAGS.batch_size
    evaluate_model.evaluate_out_of_fold(workdir, FLAGS.data, *options)
  else:
    options = FLAGS.split, FLAGS.features, FLAGS.batch_size
    evaluate_model.evaluate(workdir, FLAGS.data, *options)


if __name__ == "__main__":
  flags.DEFINE_string("workdir", None, "A run's folder; its model/ is evaluated.", required=True)
  flags.DEFINE_string("data", None, "A folder that launch.prepare_data wrote.", required=True)
  flags.DEFINE_string("split", "test", "train, validation or test.")
  flags.DEFINE_integer("batch_size", 64, "Images a device at once.", lower_bound=1)
  flags.DEFINE_list(
    "out_of_fold", [], "Workdirs of runs that left out a fold each; instead of split."
  )
  flags.DEFINE_boolean("features", False, "Keep the pooled features: 4 bytes x images x units.")
  cli_errors.run(main)
