r"""Photographs of a folder or an object store, scored on a Ray cluster: one model a worker.

    pip install 'paiaa-jax[ray]'
    python -m launch.score_ray --photos=s3://bucket/photos --model=runs/ava/model \
        --out=s3://bucket/scores --workers=8

The Parquet files in --out hold the rows of `paiaa score`, a bad file's error among them; the
cluster is $RAY_ADDRESS or, without one, this machine.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from absl import flags

from launch import cli_errors
from paiaa_jax.errors import UserError

FLAGS = flags.FLAGS


class Scorer:
  """One worker: encoded files in, rows out. Workers share no cache."""

  def __init__(self, folder: str, batch_size: int):
    """folder: a model folder that the worker can read."""
    from paiaa_jax.models.predictor import Predictor
    from paiaa_jax.models.weights import model_folder

    self.model = model_folder.read(folder)
    self.predictor = Predictor(folder, batch_size)

  def __call__(self, batch: dict[str, np.ndarray]) -> Any:
    """{"path", "bytes"} [n] -> the columns of `paiaa score` [n], as an Arrow table."""
    from paiaa_jax.models import vector
    from paiaa_jax.photos import table
    from paiaa_jax.photos.score import Photo

    pixels, errors = zip(*map(self._decode, batch["bytes"]), strict=True)
    good = [p for p in pixels if p is not None]
    none = np.empty((0, *[self.model.image_size] * 2, 3), np.uint8)
    prediction = self.predictor.predict(np.stack(good) if good else none)
    vectors = iter(vector.pack(prediction.distribution, prediction.aux))
    photos = [
      Photo(Path(path), error=error) if error else Photo(Path(path), next(vectors))
      for path, error in zip(batch["path"], errors, strict=True)
    ]
    rows = [table.to_row(photo, self.model) for photo in photos]
    rows = [row | {"path": path} for row, path in zip(rows, batch["path"], strict=True)]
    return table.to_frame(rows, table.columns(self.model)).to_arrow()

  def _decode(self, data: bytes) -> tuple[np.ndarray | None, str]:
    from paiaa_jax.photos import files

    try:
      return files.decode(data, self.model.image_size).pixels, ""
    except (UserError, MemoryError) as error:
      return None, files.reason(error)


def score(photos: str, model: str, out: str, *, workers: int, batch_size: int, gpus: int) -> None:
  """Reads `photos`, scores them on `workers` workers, writes Parquet files into `out`.

  Raises:
    UserError: so many workers that no core is left to read the files; Ray would wait forever.
  """
  import ray

  from paiaa_jax.data.images import SUFFIXES

  ray.init(ignore_reinit_error=True)
  cores = int(ray.cluster_resources().get("CPU", 0))
  if workers >= cores:
    raise UserError(f"--workers={workers} of {cores} cores leaves none to read; give fewer.")
  files = ray.data.read_binary_files(
    photos, include_paths=True, file_extensions=[suffix[1:] for suffix in SUFFIXES]
  )
  rows = files.map_batches(
    Scorer,
    fn_constructor_args=(str(Path(model).absolute()), batch_size),
    batch_size=batch_size,
    concurrency=workers,
    num_gpus=gpus,
  )
  rows.write_parquet(out)


def main(_) -> None:
  try:
    import ray  # noqa: F401
  except ImportError as error:
    raise UserError("Ray is not installed: pip install 'paiaa-jax[ray]'.") from error
  from paiaa_jax.models.weights import model_folder

  model_folder.read(FLAGS.model)  # a wrong folder is told here, not by a worker
  if not FLAGS.photos.count("://") and not Path(FLAGS.photos).exists():
    raise UserError(f"{FLAGS.photos}: no such folder.")
  score(
    FLAGS.photos,
    FLAGS.model,
    FLAGS.out,
    workers=FLAGS.workers,
    batch_size=FLAGS.batch_size,
    gpus=FLAGS.gpus_a_worker,
  )


if __name__ == "__main__":
  flags.DEFINE_string("photos", None, "A folder, or a URL that Ray Data reads.", required=True)
  flags.DEFINE_string("model", None, "A model folder that every worker can read.", required=True)
  flags.DEFINE_string("out", None, "Where the Parquet files go: a folder or URL.", required=True)
  flags.DEFINE_integer("workers", 1, "Models at work at once.", lower_bound=1)
  flags.DEFINE_integer("batch_size", 32, "Photographs a call of the network.", lower_bound=1)
  flags.DEFINE_integer("gpus_a_worker", 0, "GPUs that each worker gets.", lower_bound=0)
  cli_errors.run(main, addresses=True)
