"""A trained model over a prepared split: predictions beside the raters' labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

from paiaa_jax import files
from paiaa_jax.apps import agreement
from paiaa_jax.data import folds, pipeline, records
from paiaa_jax.data.databases import table_file
from paiaa_jax.distribution import mean_score, score_std
from paiaa_jax.errors import UserError
from paiaa_jax.models import vector
from paiaa_jax.models.predictor import Predictor
from paiaa_jax.types import Array

# Predictions for training photographs, each by a network that was not trained on it.
OUT_OF_FOLD = "out_of_fold"


class Predicted(NamedTuple):
  """What a model says of a split, and what its labels are.

  Attributes:
    names: n paths.
    distribution: [n, b] predicted.
    aux: [n, k] predicted.
    target_distribution: [n, b'] of the raters; a row of zeros where there is none.
    target_aux: [n, k'] likewise.
    target_mean: [n] float64 mean scores of the raters; NaN where there is none.
    features: [n, d] float32 that the heads read, or None.
  """

  names: list[str]
  distribution: np.ndarray
  aux: np.ndarray
  target_distribution: np.ndarray
  target_aux: np.ndarray
  target_mean: np.ndarray
  features: np.ndarray | None = None


def evaluate(
  workdir: Path, data: str | Path, split: str, features: bool = False, batch_size: int = 64
) -> tuple[Path, dict[str, dict]]:
  """Writes what the model of a run says of a prepared split.

  Args:
    workdir: its model/ is evaluated.
    data: a prepared folder.
    split: train, validation or test.
    features: write the pooled features too.
    batch_size: images a device at once.

  Returns:
    <workdir>/predictions/<database>_<split>, the stem of the files; and their agreement.
  """
  source = records.open_split(data, split)
  predictor = Predictor(workdir / "model", batch_size, jax.local_devices())
  predicted = predict(predictor, source, batch_size, features)
  stem = workdir / "predictions" / f"{source.manifest['name']}_{split}"
  return stem, write(stem, predicted, predictor, source.manifest)


def write(
  stem: Path, predicted: Predicted, predictor: Predictor, manifest: dict
) -> dict[str, dict]:
  """Writes predictions, labels and agreement under `stem`, and returns the agreement."""
  said = measure(predicted, predictor, manifest)
  if predicted.features is not None:
    files.write_arrays(_features_path(stem.with_suffix(".parquet")), predicted.features)
  files.write_frame(stem.with_suffix(".parquet"), to_frame(predicted, predictor))
  labels = {
    "distribution": predicted.target_distribution,
    "aux": predicted.target_aux,
    "mean_score": predicted.target_mean,
  }
  files.write_arrays(stem.with_suffix(".npz"), labels)
  files.write_json(stem.with_suffix(".json"), said)
  show(stem.name, len(predicted.names), said)
  return said


def show(name: str, images: int, said: dict[str, dict]) -> None:
  """Prints a table of the agreement, a row a metric, under the number of images."""
  noun = "image" if images == 1 else "images"
  table = Table("of", "metric", "value", title=f"{name}, {images:,} {noun}")
  if said.keys() - {"aesthetics"}:
    table.caption = "of an auxiliary output by its name: SROCC"
  for of, metrics in said.items():
    for place, (metric, value) in enumerate(metrics.items()):
      shown = f"{value:.4f}" if np.isfinite(value) else "undefined"
      table.add_row("" if place else of.replace("_", " "), metric.replace("_", " "), shown)
    table.add_section()
  Console().print(table)


def evaluate_out_of_fold(
  workdir: Path,
  data: str | Path,
  runs: Sequence[Path],
  features: bool = False,
  batch_size: int = 64,
) -> tuple[Path, dict[str, dict]]:
  """Writes what networks say of training images that they were not trained on, each of its fold.

  Args:
    workdir: where predictions/<database>_out_of_fold.parquet goes.
    data: a prepared folder.
    runs: workdirs of finished runs, one for each data.left_out_fold of one data.folds.
    features, batch_size: as in `evaluate`.

  Returns:
    The stem of the files, and the agreement.

  Raises:
    UserError: a fold without a run or with two, or a run of another database.
  """
  source = records.open_splits(data, ("train", "validation"))
  by_fold, count = _run_of_each_fold(runs, source.manifest["name"])
  fold = folds.fold_of_images(data, count)
  place = np.array([fold[name] for name in source.names])
  parts = []
  for number, run in by_fold.items():
    predictor = Predictor(run / "model", batch_size, jax.local_devices())
    parts.append(predict(predictor, source.subset(place == number), batch_size, features))
  order = np.argsort(np.concatenate([np.flatnonzero(place == number) for number in by_fold]))
  names = [name for part in parts for name in part.names]
  fields = zip(*(part[1:] if features else part[1:-1] for part in parts), strict=True)
  arrays = [np.concatenate(field)[order] for field in fields]
  predicted = Predicted([names[i] for i in order], *arrays)
  stem = workdir / "predictions" / f"{source.manifest['name']}_{OUT_OF_FOLD}"
  return stem, write(stem, predicted, predictor, source.manifest)


def _run_of_each_fold(runs: Sequence[Path], database: str) -> tuple[dict[int, Path], int]:
  """(fold -> its run, number of folds), from the runs' own configs."""
  found: dict[int, Path] = {}
  counts = set()
  for run in runs:
    told = files.read_json(run / "config.json")["data"]
    name = records.read_manifest(told["aesthetics"])["name"]
    fold = told.get("left_out_fold", -1)
    if fold < 0 or name != database:
      raise UserError(f"{run} is no run of {database} with a data.left_out_fold of its own.")
    if fold in found:
      raise UserError(f"{found[fold]} and {run} both leave out fold {fold}.")
    found[fold] = run
    counts.add(told["folds"])
  if len(counts) != 1 or set(found) != set(range(max(counts))):
    raise UserError(
      f"--out_of_fold takes a run for each of data.folds; given are folds {sorted(found)} of "
      f"{', '.join(map(str, sorted(counts)))}."
    )
  return found, max(counts)


def read_predictions(path: Path) -> pl.DataFrame:
  """The table of predictions that `evaluate` wrote, a row an image."""
  return table_file.key_by_path(files.read_parquet(path))


def read_features(predictions: Path, images: int) -> np.ndarray:
  """The pooled features [n, d] that `evaluate` wrote beside a table of predictions.

  Args:
    predictions: <workdir>/predictions/<database>_<split>.parquet.
    images: n, its rows.

  Raises:
    UserError: they were not kept, do not fit the table, or one is not finite.
  """
  file = _features_path(predictions)
  split = predictions.stem.rpartition("_")[2]
  make = f"--workdir={predictions.parents[1]} --data=DIR --split={split} --features"
  features = files.read_arrays(file, f"write it with: python -m launch.evaluate {make}")
  if features.shape[:1] != (images,) or not np.isfinite(features).all():
    raise UserError(
      f"{file} does not fit {predictions.name} ({len(features)} rows for {images} images, or a "
      "value that is not finite); write both again with launch.evaluate --features."
    )
  return features


def _features_path(predictions: Path) -> Path:
  return predictions.with_name(f"{predictions.stem}_features.npy")


def predict(
  predictor: Predictor, source: records.Source, batch_size: int = 64, features: bool = False
) -> Predicted:
  """Runs the model over every image of the split, resized whole, in the split's order.

  With `features` it keeps the pooled features too: 4 n d bytes, 2 GB for AVA on Inception-v3.
  """
  rows = batch_size * len(predictor.devices)
  batches = pipeline.eval_batches(source, batch_size=rows, image_size=predictor.image_size)
  labels = []

  def images() -> Iterator[Array]:
    for batch in batches:
      real = batch.index >= 0
      rows = batch.index[real]
      labels.append((batch.distribution[real], batch.aux[real], source.mean_score[rows]))
      yield batch.image[real]

  columns = []
  for number, prediction in enumerate(predictor.stream(images())):
    row = (prediction.distribution, prediction.aux, *labels[number])
    columns.append((*row, prediction.features) if features else row)
  return Predicted(list(source.names), *map(np.concatenate, zip(*columns, strict=True)))


def to_frame(predicted: Predicted, model: vector.Outputs) -> pl.DataFrame:
  """Columns path, aesthetic_score, score_std, p1..pN and one an auxiliary output."""
  p, values = predicted.distribution, model.score_values
  return pl.DataFrame(
    {
      "path": predicted.names,
      "aesthetic_score": np.asarray(mean_score(jnp.asarray(p), values)),
      "score_std": score_std(p, values),
      **dict(zip(vector.columns(model), vector.pack(p, predicted.aux).T, strict=True)),
    }
  )


def measure(predicted: Predicted, predictor: Predictor, manifest: dict) -> dict[str, dict]:
  """What can be said of a split: `aesthetics`, `auxiliary`, `score_with_traits` (Table IV).

  Of auxiliary outputs, nothing where the model was trained on aesthetics alone.
  """
  result = {}
  labelled = predicted.target_distribution.sum(axis=1) > 0
  if labelled.any():
    result["aesthetics"] = agreement.aesthetics(
      predicted.distribution[labelled],
      predicted.target_distribution[labelled],
      predictor.score_values,
      manifest["scale"],
      predicted.target_mean[labelled],
    )
  if predictor.tasks == "aesthetics":
    return result
  if tuple(manifest["aux_names"]) == tuple(predictor.aux_names) and predicted.target_aux.any():
    labelled = predicted.target_aux.any(axis=1)
    result["auxiliary"] = agreement.auxiliary(
      predicted.aux[labelled], predicted.target_aux[labelled], predictor.aux_names
    )
  score = mean_score(jnp.asarray(predicted.distribution), predictor.score_values)
  result["score_with_traits"] = agreement.score_with_traits(
    score, predicted.aux, predictor.aux_names
  )
  return result
