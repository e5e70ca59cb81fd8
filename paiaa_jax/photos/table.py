"""Rows out: csv, jsonl or parquet by suffix, csv on stdout; a file appears whole or not at all."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from paiaa_jax import extras
from paiaa_jax.data.images import PREPROCESSING
from paiaa_jax.distribution import mean_score, score_std
from paiaa_jax.errors import UserError
from paiaa_jax.files import atomic_write, remove_dead_drafts, writing
from paiaa_jax.models import vector
from paiaa_jax.models.weights.model_folder import ModelFolder
from paiaa_jax.photos.names import cell
from paiaa_jax.photos.score import Photo

if TYPE_CHECKING:
  import polars as pl

Row = dict[str, Any]
TEXT = ("path", "error", "model_id", "preprocessing")
CHUNK = 8192  # rows of a parquet frame made at once


def columns(model: ModelFolder) -> list[str]:
  """Names of a scored row's columns, in order."""
  return [
    *("path", "aesthetic_score", "score_std", "scale_low", "scale_high"),
    *vector.columns(model),
    *("error", "model_id", "preprocessing"),
  ]


def to_row(photo: Photo, model: ModelFolder) -> Row:
  """One photograph as a row; after an error all numbers are None."""
  row = dict.fromkeys(columns(model))
  row |= {"path": cell(photo.path), "error": photo.error or None}
  row |= {"model_id": model.model_id, "preprocessing": PREPROCESSING}
  if photo.vector is None:
    return row
  values = model.score_values
  numbers = photo.vector.astype(np.float64)
  distribution = vector.distribution_of(numbers, model)
  row |= {
    "aesthetic_score": mean_score(distribution, values),
    "score_std": score_std(distribution, values),
    "scale_low": values[0],
    "scale_high": values[-1],
  }
  row |= dict(zip(vector.columns(model), numbers, strict=True))
  return {name: float(x) if isinstance(x, np.floating) else x for name, x in row.items()}


def to_frame(rows: Sequence[Row], names: Sequence[str]) -> pl.DataFrame:
  """Rows as a polars frame: columns of TEXT are strings, all others float64."""
  import polars as pl

  schema = {name: pl.String if name in TEXT else pl.Float64 for name in names}
  return pl.DataFrame(rows, schema=schema, orient="row")


def check_output(path: Path | None) -> None:
  """Refuses, before any work, a place where no table can be written."""
  if path is not None:
    check_place(path, "a table", tuple(WRITERS))
    if path.suffix == ".parquet":
      extras.require("polars", "a parquet table", "parquet")


def check_place(path: Path, what: str, suffixes: Sequence[str]) -> None:
  """UserError for another suffix, or where the folder is not there."""
  if path.suffix not in suffixes:
    raise UserError(f"{path}: {what} ends in {' or '.join(suffixes)}.")
  if not path.absolute().parent.is_dir():
    raise UserError(f"{path.parent}: no such folder to write {path.name} into.")
  remove_dead_drafts(path.absolute().parent, of=re.escape(path.name))


def write(rows: Iterable[Row], names: Sequence[str], path: Path | None) -> None:
  """Writes rows with columns `names` to path, or as csv to stdout where path is None."""
  if path is None:
    with writing("standard output"):
      _write_csv(rows, names, sys.stdout)
      sys.stdout.flush()
    return
  check_output(path)
  with atomic_write(path) as draft:
    WRITERS[path.suffix](rows, names, draft)


def _write_csv(rows: Iterable[Row], names: Sequence[str], file: TextIO) -> None:
  writer = csv.writer(file, lineterminator="\n")
  writer.writerow(names)
  for row in rows:
    cells = [row.get(name) for name in names]
    writer.writerow([f"{x:.7g}" if isinstance(x, float) else x for x in cells])


def _csv_file(rows: Iterable[Row], names: Sequence[str], path: Path) -> None:
  with path.open("w", encoding="utf-8", newline="") as file:
    _write_csv(rows, names, file)


def _jsonl_file(rows: Iterable[Row], names: Sequence[str], path: Path) -> None:
  with path.open("w", encoding="utf-8") as file:
    for row in rows:
      file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _parquet_file(rows: Iterable[Row], names: Sequence[str], path: Path) -> None:
  import polars as pl

  frames, chunk = [], []
  for row in rows:
    chunk.append(row)
    if len(chunk) == CHUNK:
      frames.append(to_frame(chunk, names))
      chunk = []
  pl.concat([*frames, to_frame(chunk, names)]).write_parquet(path)


WRITERS = {".csv": _csv_file, ".jsonl": _jsonl_file, ".parquet": _parquet_file}
