"""What one user told of n photographs: ratings, rejections, and choices among several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from paiaa_jax.errors import UserError
from paiaa_jax.personalization.faults import rating_faults
from paiaa_jax.personalization.likelihood import Choice, Told, pool
from paiaa_jax.personalization.posterior import Photographs, in_points
from paiaa_jax.types import Array

FEWEST = 3  # ratings, rejections and choices; below it, there is nothing to leave out


class Given(NamedTuple):
  """What a user told of n photographs, on the user's own scale.

  Attributes:
    ratings: [n]; NaN where none was given.
    rejected: [n] bool: thrown out, so at or below the lowest rating.
    choices: each of two photographs or more.

  Example:
    >>> told = pz.Given(np.array([4, 2, np.nan, np.nan]), np.arange(4) == 3, (pz.Choice((2, 1)),))
    >>> told.amounts
    (2, 1, 1)
  """

  ratings: np.ndarray
  rejected: np.ndarray
  choices: tuple[Choice, ...] = ()

  @property
  def amounts(self) -> tuple[int, int, int]:
    """How many ratings, rejections and choices."""
    return int(np.isfinite(self.ratings).sum()), int(self.rejected.sum()), len(self.choices)

  def __str__(self) -> str:
    """As "20 ratings, 1 rejection and 3 choices"."""
    kinds = zip(self.amounts, ("rating", "rejection", "choice"), strict=True)
    told = [f"{n} {kind}{'s' if n != 1 else ''}" for n, kind in kinds if n]
    return " and ".join(filter(None, [", ".join(told[:-1]), *told[-1:]])) or "nothing"

  def words(self, row: int) -> str:
    """What was told of one photograph: "4", "rejected", or "compared"."""
    if self.rejected[row]:
      return "rejected"
    return "compared" if np.isnan(self.ratings[row]) else f"{self.ratings[row]:g}"

  def take(self, rows: Array) -> Given:
    """What was told of these photographs; a choice only where all its photographs are there."""
    place = {int(row): i for i, row in enumerate(np.asarray(rows))}
    choices = (
      one._replace(rows=tuple(place[row] for row in one.rows))
      for one in self.choices
      if all(row in place for row in one.rows)
    )
    return Given(self.ratings[rows], self.rejected[rows], tuple(choices))

  def told(self, rating_scale: tuple[float, float], scale: tuple[float, float]) -> Told:
    """The same in the model's points, `rating_scale` mapped linearly to `scale`."""
    points = np.where(self.rejected, np.nan, in_points(self.ratings, rating_scale, scale))
    return Told(points, self.rejected, float(scale[0]), pool(self.choices))


def as_given(ratings: Sequence[float] | Array | Given) -> Given:
  """Ratings alone [n], or whatever was given, as `Given`."""
  if isinstance(ratings, Given):
    return ratings
  values = np.asarray(ratings, np.float64)
  return Given(values, np.zeros(len(values), bool))


def check(given: Given, photographs: Photographs, rating_scale: tuple[float, float]) -> None:
  """Raises UserError for too little, and for the first photograph that cannot be learnt from."""
  if sum(given.amounts) < FEWEST:
    raise UserError(
      f"need at least {FEWEST} ratings, got {sum(given.amounts)}; 20 or more are recommended."
    )
  n = len(given.ratings)
  images = {
    "a generic score": photographs.generic,
    "an auxiliary output": photographs.outputs,
    "an image coordinate": photographs.coordinates,
  }
  chosen = {row for choice in given.choices for row in choice.rows}
  if any(len(set(one.rows)) != len(one.rows) or len(one.rows) < 2 for one in given.choices):
    raise UserError("a choice is among two photographs or more, each of them once.")
  if not chosen <= set(range(n)):
    raise UserError(f"a choice names a photograph that is not one of the {n}.")
  silent = given.rejected | (np.isnan(given.ratings) & np.isin(np.arange(n), list(chosen)))
  ratings = np.where(silent, rating_scale[0], given.ratings)
  for fault, where in rating_faults(ratings, slice(None), images, rating_scale).items():
    if where.any():
      raise UserError(f"photograph {int(np.argmax(where)) + 1} of {n} has {fault}.")
