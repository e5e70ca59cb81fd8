"""Tables of predictions and ratings -> Users, and summaries -> rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from paiaa_jax.errors import UserError
from paiaa_jax.personalization.users import Users, make_images, make_users

# columns of a table of predictions that are no auxiliary output
KNOWN = re.compile(
  r"image|path|index|error|model_id|aesthetic_score|score_std|scale_low|scale_high|percentile|p\d+"
)


class Rated(NamedTuple):
  """Users read from tables.

  Attributes:
    users: with an image for each row of the predictions, in their order.
    output_names: k names of the auxiliary outputs.
    unscored: ratings whose image has no prediction; they are not among the users'.
  """

  users: Users
  output_names: tuple[str, ...]
  unscored: int


def output_names(predictions: pl.DataFrame) -> tuple[str, ...]:
  """Columns that hold an auxiliary output: numbers under no name of another meaning."""
  schema = predictions.schema.items()
  return tuple(name for name, kind in schema if kind.is_numeric() and not KNOWN.fullmatch(name))


def join(
  predictions: pl.DataFrame,
  ratings: pl.DataFrame,
  *,
  rating_range: tuple[float, float] | None = None,
  coordinates: np.ndarray | None = None,
) -> Rated:
  """Puts each rating beside the predictions of its image.

  Args:
    predictions: columns path, aesthetic_score and one an auxiliary output; a row an image.
    ratings: columns user, path, score. Of an image rated twice by a user, the mean is taken.
    rating_range: (lowest, highest) rating possible.
    coordinates: [N, m], a row for each row of the predictions.

  Returns:
    Users sorted by id, their images sorted by id.

  Raises:
    UserError: a column is missing, an image is predicted twice, no rating has a prediction, or a
      number is not finite or out of range.
  """
  _require(predictions, ("path", "aesthetic_score"), "predictions")
  _require(ratings, ("user", "path", "score"), "ratings")
  if predictions["path"].is_duplicated().any():
    twice = predictions.filter(predictions["path"].is_duplicated())["path"][0]
    raise UserError(f"the predictions hold image {twice} more than once; keep one row of it.")
  names = output_names(predictions)
  rated = ratings.group_by("user", "path").agg(pl.col("score").mean())
  rows = rated.join(predictions.select("path").with_row_index("row"), on="path")
  if rows.is_empty():
    raise UserError("no rated image has a prediction; are the image names the same in both?")
  rows = rows.sort("user", "path").with_columns(
    place=pl.col("user").rank("dense").cast(pl.Int64) - 1,
    column=pl.int_range(pl.len()).over("user"),
  )
  places = rows["place"].to_numpy(), rows["column"].to_numpy()
  shape = places[0].max() + 1, places[1].max() + 1

  def padded(values: np.ndarray) -> np.ndarray:
    out = np.zeros(shape, values.dtype)
    out[places] = values
    return out

  outputs = predictions.select(pl.col(names).cast(pl.Float32)).to_numpy()
  users = make_users(
    make_images(
      predictions["aesthetic_score"].cast(pl.Float32).to_numpy(),
      outputs.reshape(len(predictions), len(names)),
      coordinates,
    ),
    padded(rows["row"].cast(pl.Int64).to_numpy()),
    padded(rows["score"].cast(pl.Float32).to_numpy()),
    padded(np.ones(len(rows), bool)),
    user_ids=rows["user"].unique(maintain_order=True).to_numpy(),
    image_ids=predictions["path"].cast(pl.String).to_numpy().astype(str),
    rating_range=rating_range,
  )
  return Rated(users, names, len(rated) - len(rows))


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
