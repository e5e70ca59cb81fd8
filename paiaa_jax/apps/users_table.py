"""Tables of predictions and ratings -> padded arrays of people, and an evaluation -> rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from paiaa_jax.errors import UserError

# columns of a table of predictions that are no auxiliary output
KNOWN = re.compile(
  r"image|path|index|error|model_id|aesthetic_score|score_std|scale_low|scale_high|percentile|p\d+"
)


class People(NamedTuple):
  """What `evaluate_splits` takes: u users with up to n rated images, k auxiliary outputs.

  Attributes:
    generic: [u, n] float32, generic scores.
    traits: [u, n, k] float32.
    ratings: [u, n] float32.
    valid: [u, n] bool, False where padded; the arrays above hold 0 there.
    user_ids: [u].
    image_ids: [u, n]; empty text where padded.
    aux_names: k column names.
    unscored: ratings whose image has no prediction; they are not in the arrays.
  """

  generic: np.ndarray
  traits: np.ndarray
  ratings: np.ndarray
  valid: np.ndarray
  user_ids: np.ndarray
  image_ids: np.ndarray
  aux_names: tuple[str, ...]
  unscored: int


def auxiliary_names(predictions: pl.DataFrame) -> tuple[str, ...]:
  """Columns that hold an auxiliary output: numbers under no name of another meaning."""
  schema = predictions.schema.items()
  return tuple(name for name, kind in schema if kind.is_numeric() and not KNOWN.fullmatch(name))


def join_people(predictions: pl.DataFrame, ratings: pl.DataFrame) -> People:
  """Puts each rating beside the predictions of its image, a row of arrays for each user.

  Args:
    predictions: columns image, aesthetic_score and one an auxiliary output; a row an image.
    ratings: columns user, image, score. Of an image rated twice by a user, the mean is taken.

  Returns:
    People, sorted by user and image.

  Raises:
    UserError: a column is missing, an image is predicted twice, or no rating has a prediction.
  """
  _require(predictions, ("image", "aesthetic_score"), "predictions")
  _require(ratings, ("user", "image", "score"), "ratings")
  if predictions["image"].is_duplicated().any():
    twice = predictions.filter(predictions["image"].is_duplicated())["image"][0]
    raise UserError(f"the predictions hold image {twice} more than once; keep one row of it.")
  names = auxiliary_names(predictions)
  rated = ratings.group_by("user", "image").agg(pl.col("score").mean())
  rows = rated.join(predictions.select("image", "aesthetic_score", *names), on="image")
  if rows.is_empty():
    raise UserError("no rated image has a prediction; are the image names the same in both?")
  rows = rows.sort("user", "image").with_columns(
    row=pl.col("user").rank("dense").cast(pl.Int64) - 1,
    column=pl.int_range(pl.len()).over("user"),
  )
  places = rows["row"].to_numpy(), rows["column"].to_numpy()
  shape = places[0].max() + 1, places[1].max() + 1

  def padded(values: np.ndarray, fill: Any = 0) -> np.ndarray:
    out = np.full((*shape, *values.shape[1:]), fill, values.dtype)
    out[places] = values
    return out

  return People(
    generic=padded(rows["aesthetic_score"].cast(pl.Float32).to_numpy()),
    traits=padded(
      rows.select(pl.col(names).cast(pl.Float32)).to_numpy().reshape(len(rows), len(names))
    ),
    ratings=padded(rows["score"].cast(pl.Float32).to_numpy()),
    valid=padded(np.ones(len(rows), bool)),
    user_ids=rows["user"].unique(maintain_order=True).to_numpy(),
    image_ids=padded(rows["image"].cast(pl.String).to_numpy().astype(str), ""),
    aux_names=names,
    unscored=len(rated) - len(rows),
  )


def user_frame(summaries: Mapping[str, Mapping[str, Any]]) -> pl.DataFrame:
  """Summaries by solver and k -> one row for each solver, k and user."""
  rows = [
    {"solver": solver, "k": int(k), **user}
    for solver, by_shots in summaries.items()
    for k, summary in by_shots.items()
    for user in summary["users"]
  ]
  return pl.DataFrame(rows, infer_schema_length=None)


def _require(frame: pl.DataFrame, columns: tuple[str, ...], what: str) -> None:
  missing = [name for name in columns if name not in frame.columns]
  if missing:
    raise UserError(f"the {what} lack column {missing[0]!r}; they have {', '.join(frame.columns)}.")
