"""A table of photographs and scores -> what a model is fitted to: n photographs, b buckets of the
scale, k auxiliary outputs.

The columns are those of data.databases.table: `path` with `score`, with `user, score`, or with
`p1..pN`. A column `group` tells what belongs together; without one it is the folder.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from paiaa_jax.data.databases import checks, table_file, text_table
from paiaa_jax.data.databases import table as tables
from paiaa_jax.errors import UserError
from paiaa_jax.photos.names import path_of
from paiaa_jax.photos.ratings import check_scale

MOST_BUCKETS = 11  # of a scale whose buckets nobody named
# What an output may not be called, as tables of scores and labels have such columns.
TAKEN = re.compile(r"path|user|group|error|model_id|preprocessing|score.*|\w*_score|scale_\w+|p\d+")


class Labels(NamedTuple):
  """What the table says, a row a photograph.

  Attributes:
    names: [n] as the table has them.
    paths: [n] where they are sought.
    shares: [n, b] distributions, each row sums to 1.
    scale: [b] the score of each bucket.
    groups: [n]; by_folder: whether they are the photographs' folders.
    aux: [n, k] in [-1, 1]; aux_names: [k].
    form: what the table has: "ratings", "means" or "distributions".
    ratings: `user, path, score` of each rating; no rows in the other forms.
    notes: what was taken for granted, a sentence each.
  """

  names: list[str]
  paths: list[Path]
  shares: np.ndarray
  scale: tuple[float, ...]
  groups: list[str]
  by_folder: bool
  aux: np.ndarray
  aux_names: tuple[str, ...]
  form: str
  ratings: pl.DataFrame
  notes: tuple[str, ...]

  def only(self, rows: Sequence[int]) -> Labels:
    """The same of these rows alone."""
    names = [self.names[i] for i in rows]
    return self._replace(
      names=names,
      paths=[self.paths[i] for i in rows],
      shares=self.shares[list(rows)],
      groups=[self.groups[i] for i in rows],
      aux=self.aux[list(rows)],
      ratings=self.ratings.filter(pl.col("path").is_in(names)),
    )


def read(
  path: Path,
  scale: tuple[float, float] | None = None,
  outputs: Sequence[str] = (),
  photos: Path | None = None,
) -> Labels:
  """Reads a csv, tsv, txt, jsonl or parquet table.

  Args:
    path: the table; photographs are sought beside it, then here.
    scale: lowest and highest score; None takes them from the table.
    outputs: columns that become auxiliary outputs. One that leaves [-1, 1] is scaled to it from
      its lowest and highest value.
    photos: the folder where photographs are sought in place of that.

  Raises:
    UserError: no such table; a column or number that is missing or wrong, with its line.
  """
  table = table_file.read(path)
  checks.columns(table, ("path", *outputs), path)
  text_table.refuse(table, pl.col("path").fill_null("") == "", path, "the path is empty")
  form = _form(table)
  options, notes = _scale_of(table, path, form, scale)
  labels = tables.read_labels(table, path, options)
  if labels.distributions.is_empty():
    raise UserError(f"{path} has no scores: it needs a column `score`, or counts p1, p2, ..., pN.")
  names = labels.distributions["path"].to_list()
  paths = [_sought(name, path.parent, photos) for name in names]
  aux, scaled = _aux(table, path, outputs)
  counts = np.array(labels.distributions["counts"].to_list(), np.float64)
  return Labels(
    names=names,
    paths=paths,
    shares=counts / counts.sum(axis=1, keepdims=True),
    scale=labels.scale,
    groups=_groups(table, path) or [str(each.parent) for each in paths],
    by_folder="group" not in table.columns,
    aux=aux,
    aux_names=tuple(outputs),
    form=form,
    ratings=labels.ratings,
    notes=(*notes, *labels.notes, *scaled),
  )


def _form(table: pl.DataFrame) -> str:
  """By which columns tables.read_labels goes."""
  if {"user", "score"} <= set(table.columns):
    return "ratings"
  return "means" if "score" in table.columns and "p1" not in table.columns else "distributions"


def _scale_of(
  table: pl.DataFrame, path: Path, form: str, scale: tuple[float, float] | None
) -> tuple[tables.Options, tuple[str, ...]]:
  """The scale as options of the reader, and what was taken for granted."""
  if scale:
    check_scale(scale)
  otherwise = "--scale LOWEST HIGHEST says otherwise"
  if form == "distributions":
    low, high = scale or (0.0, 0.0)  # the reader takes 1..N
    note = f"p1 to pN are taken for the scores 1 to N; {otherwise}"
    return tables.Options(low=low, high=high), () if scale else (note,)
  if scale:
    return tables.Options(low=scale[0], high=scale[1], buckets=_buckets(*scale)), ()
  scores = checks.numbers(table, ["score"], path)["score"].to_numpy()
  lowest, highest = float(scores.min()), float(scores.max())
  if lowest == highest:
    raise UserError(f"{path}: every score is {lowest:g}; a model learns from their differences.")
  usual = tables.usual_scale(lowest, highest)
  low, high, buckets = usual or (lowest, highest, _buckets(lowest, highest))
  note = (
    f"the scale is taken to be from {low:g} to {high:g}, as the scores lie from {lowest:g} to "
    f"{highest:g}; {otherwise}"
  )
  return tables.Options(low=low, high=high, buckets=buckets), (note,)


def _buckets(low: float, high: float) -> int:
  """The usual number for a usual scale, else a bucket a unit where these are few."""
  usual = {(a, b): buckets for a, b, buckets in tables.USUAL_SCALES}
  units = high - low + 1
  whole = units % 1 == 0 and 2 <= units <= MOST_BUCKETS
  return usual.get((low, high)) or (int(units) if whole else MOST_BUCKETS)


def _sought(name: str, folder: Path, photos: Path | None) -> Path:
  """Where the photograph is; where it should be if it is nowhere."""
  if photos:
    return path_of(str(photos / name))
  beside, here = path_of(str(folder / name)), path_of(name)
  return beside if beside.exists() or not here.exists() else here


def _groups(table: pl.DataFrame, path: Path) -> list[str]:
  """Column `group` of each photograph, in the order of their first rows; [] without one."""
  if "group" not in table.columns:
    return []
  first = pl.col("group").first().over("path")
  said = pl.format("photograph '{}' stands in another group above", "path")
  text_table.refuse(table, pl.col("group") != first, path, said)
  once = table.unique("path", keep="first", maintain_order=True)
  return once["group"].to_list()


def _aux(
  table: pl.DataFrame, path: Path, outputs: Sequence[str]
) -> tuple[np.ndarray, tuple[str, ...]]:
  """Auxiliary targets [n, k], the means of each photograph's rows, and what was scaled."""
  if not outputs:
    return np.zeros((table["path"].n_unique(), 0)), ()
  for name in outputs:
    if TAKEN.fullmatch(name) or outputs.count(name) > 1:
      raise UserError(f"--outputs: {name!r} stands there twice, or is taken by a column.")
  table = checks.numbers(table, list(outputs), path)
  means = table.group_by("path", maintain_order=True).agg(pl.col(outputs).mean())
  values = np.array(means.select(outputs))
  low, high, notes = values.min(axis=0), values.max(axis=0), []
  for i, name in enumerate(outputs):
    if low[i] == high[i]:
      raise UserError(f"{path}: column {name!r} is the same everywhere; an output tells apart.")
    if low[i] < -1 or high[i] > 1:
      values[:, i] = 2 * (values[:, i] - low[i]) / (high[i] - low[i]) - 1
      notes.append(f"{name}: from {low[i]:g} to {high[i]:g} in the table, is scaled to -1 to 1")
  return values, tuple(notes)
