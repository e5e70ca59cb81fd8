"""Anybody's predictions as arrays, or one line on the first row that is wrong or missing.

Shapes: u users, n images of the one who rated most (padded), s splits.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from paiaa_jax.apps.benchmark import SHOTS
from paiaa_jax.data.databases import checks, table_file
from paiaa_jax.data.databases.text_table import refuse
from paiaa_jax.data.text_file import LINE
from paiaa_jax.errors import UserError
from paiaa_jax.personalization.evaluation import ranked_images
from paiaa_jax.personalization.splits import Splits
from paiaa_jax.personalization.users import Users


class Scores(NamedTuple):
  """What a file predicts.

  Attributes:
    scores: [shots, u, n, s] float64; finite for everything that is ranked.
    ignored: what of the file was not read and how many rows, a phrase each.
  """

  scores: np.ndarray
  ignored: tuple[str, ...]


def read(path: Path) -> pl.DataFrame:
  """A table with columns path, score and any of user, split, k: csv, tsv, jsonl or parquet."""
  table = table_file.read(path)
  checks.columns(table, ("path", "score"), path)
  table = checks.image_paths(table, path)
  for name in {"split", "k"} & set(table.columns):
    # parquet and pandas may hold whole numbers as 3.0
    number = pl.col(name).cast(pl.Float64, strict=False)
    whole = (number >= 0) & (number == number.round())
    said = pl.format(f"column {name!r} holds '{{}}', no whole number", name)
    refuse(table, ~whole.fill_null(False), path, said)
    table = table.with_columns(number.cast(pl.Int64))
  return table


def choose_shots(table: pl.DataFrame, asked: Sequence[int], path: Path) -> tuple[int, ...]:
  """The k to evaluate: those asked for, else those of the table, else SHOTS; ascending.

  Raises:
    UserError: the table does not hold one of them, or does not say which k it is of.
  """
  there = sorted(table["k"].unique()) if "k" in table.columns else None
  shots = tuple(sorted(set(asked or there or SHOTS)))
  if shots[0] < 1:
    raise UserError(f"k = {shots[0]}; at least 1 rating is shown.")
  if there is not None and (missing := [k for k in shots if k not in there]):
    held = ", ".join(map(str, there))
    raise UserError(f"{path} has no scores for k = {missing[0]}; it has k = {held}.")
  if there is None and "split" in table.columns and len(shots) > 1:
    raise UserError(f"{path} has no column 'k'; say of which k its splits are, such as --k=10.")
  return shots


def arrange(table: pl.DataFrame, path: Path, users: Users, splits: Splits) -> Scores:
  """Puts each row of `read` where its user, path, split and k are.

  An absent column means that the score does not depend on it.

  Args:
    table: as read.
    path: its file, for errors.
    users: whose ratings are held out.
    splits: of these users, with the k's.

  Raises:
    UserError: a row is missing, twice there, not finite, or of nobody known.
  """
  shots, position = splits.shots, splits.position
  asked, ignored = _drop_what_is_not_asked(table, path, users, splits)
  rows = _find_places(asked, users)
  ignored["of images not rated"] = len(asked) - rows[LINE].n_unique()
  if "split" in rows.columns:
    drawn = position[tuple(rows[name].to_numpy() for name in ("row", "column", "split"))]
    shot = pl.Series("shot", drawn) < (rows["k"] if "k" in rows.columns else shots[0])
    ignored["of shots"] = int(shot.sum())
    rows = rows.filter(~shot)
  keys = [name for name in ("user", "path", "split", "k") if name in rows.columns]
  named = pl.format(", ".join(f"{key} '{{}}'" for key in keys), *keys)
  said = pl.format("the score of {} is '{}', no finite number", named, "score")
  number = pl.col("score").cast(pl.Float64, strict=False)
  refuse(rows, ~number.is_finite().fill_null(False), path, said)
  again = pl.col(LINE) != pl.col(LINE).first().over(keys)
  refuse(rows, again, path, pl.format("a second score of {}", named))
  scores = _fill(rows.with_columns(number), position.shape, shots)
  _refuse_missing(scores, path, users, splits)
  return Scores(scores, tuple(f"{n:,} rows {what}" for what, n in ignored.items() if n))


def _drop_what_is_not_asked(
  table: pl.DataFrame, path: Path, users: Users, splits: Splits
) -> tuple[pl.DataFrame, dict[str, int]]:
  """The rows of splits and k's that are asked for, and how many others there were."""
  ignored, shots, num_splits = {}, splits.shots, splits.num_splits
  if "user" in table.columns:
    known = pl.col("user").is_in(users.user_ids.tolist())
    refuse(table, ~known, path, pl.format("user '{}' is none of the test users", "user"))
  if "split" in table.columns:
    held = table["split"].n_unique()
    if held < num_splits:
      raise UserError(
        f"{path} holds {held} splits and {num_splits} are asked for; --splits={held} scores "
        "fewer than the protocol has."
      )
    rest = table.filter(pl.col("split") < num_splits)
    ignored[f"of splits beyond the first {num_splits}"] = len(table) - len(rest)
    table = rest
  if "k" in table.columns:
    rest = table.filter(pl.col("k").is_in(shots))
    ignored["of other k"] = len(table) - len(rest)
    table = rest
  return table, ignored


def _find_places(table: pl.DataFrame, users: Users) -> pl.DataFrame:
  """`table` with each image's `row` and `column` in the arrays; its own order, without strangers.

  Without a column `user`, a row of the table becomes one for each user who rated its image.
  """
  row, column = np.nonzero(users.valid)
  places = pl.DataFrame(
    {
      "user": users.user_ids[row].astype(str),
      "path": users.image_ids[users.row[row, column]],
      "row": row,
      "column": column,
    }
  )
  keys = [name for name in ("user", "path") if name in table.columns]
  return table.join(places, on=keys, maintain_order="left")


def _fill(rows: pl.DataFrame, shape: tuple[int, ...], shots: Sequence[int]) -> np.ndarray:
  """[shots, u, n, s], NaN where there is no row."""
  by_k, by_split = "k" in rows.columns, "split" in rows.columns
  u, n, s = shape
  scores = np.full((len(shots) if by_k else 1, u, n, s if by_split else 1), np.nan)
  scores[
    np.searchsorted(shots, rows["k"].to_numpy()) if by_k else 0,
    rows["row"].to_numpy(),
    rows["column"].to_numpy(),
    rows["split"].to_numpy() if by_split else 0,
  ] = rows["score"].to_numpy()
  return np.broadcast_to(scores, (len(shots), *shape))


def _refuse_missing(scores: np.ndarray, path: Path, users: Users, splits: Splits) -> None:
  """Raises for the first score that is ranked and not there."""
  shots = splits.shots
  needed = np.stack([ranked_images(users, splits, k) for k in shots])
  missing = needed & np.isnan(scores)
  if missing.any():
    i, u, n, s = np.argwhere(missing)[0]
    raise UserError(
      f"{path}: no score of user '{users.user_ids[u]}', path "
      f"'{users.image_ids[users.row[u, n]]}', split {s}, k = {shots[i]}; "
      f"{missing.sum():,} of {needed.sum():,} are missing."
    )
