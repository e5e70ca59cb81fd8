"""A trained model on a prepared split: predictions as a table, and how well they agree.

    python -m launch.evaluate --workdir=runs/ava --data=/data/prepared/ava --split=test

Reads WORKDIR/model. Writes WORKDIR/predictions/<database>_<split>.parquet (one row an image), the
raters' labels beside it as .npz, and the agreement as .json. With --features, the pooled features
too, <database>_<split>_features.npy [n, d] float32 in the order of the table's rows, for
launch.baselines.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from absl import flags
from rich.console import Console

from launch import cli_errors

FLAGS = flags.FLAGS


def main(_) -> None:
  from paiaa_jax.data import records
  from paiaa_jax.experiments import predict
  from paiaa_jax.models.predictor import Predictor

  source = records.open_split(FLAGS.data, FLAGS.split)
  predictor = Predictor(Path(FLAGS.workdir) / "model", batch_size=FLAGS.batch_size)
  predicted = predict.predict(predictor, source, FLAGS.batch_size, FLAGS.features)
  agreement = predict.agreement(predicted, predictor, source.manifest)

  stem = Path(FLAGS.workdir) / "predictions" / f"{source.manifest['name']}_{FLAGS.split}"
  stem.parent.mkdir(parents=True, exist_ok=True)
  if predicted.features is not None:
    np.save(stem.with_name(f"{stem.name}_features.npy"), predicted.features)
  frame = predict.to_frame(predicted, predictor.score_values, predictor.aux_names)
  frame.write_parquet(stem.with_suffix(".parquet"))
  np.savez(
    stem.with_suffix(".npz"), distribution=predicted.target_distribution, aux=predicted.target_aux
  )
  stem.with_suffix(".json").write_text(json.dumps(agreement, indent=1) + "\n")
  Console().print(f"{stem.name}: {len(source)} images", agreement)


if __name__ == "__main__":
  flags.DEFINE_string("workdir", None, "A run's folder; its model/ is evaluated.", required=True)
  flags.DEFINE_string("data", None, "A folder that launch.prepare_data wrote.", required=True)
  flags.DEFINE_string("split", "test", "train, validation or test.")
  flags.DEFINE_integer("batch_size", 64, "Images at once.")
  flags.DEFINE_boolean("features", False, "Keep the pooled features: 4 bytes x images x units.")
  cli_errors.run(main)
