"""The library as it stands: what the model says of it, and what the user's ratings make of that.

n photographs by number, of which s are scored; a column of all n is NaN where one is not.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from paiaa_jax.errors import UserError
from paiaa_jax.personalization.given import FEWEST, Given
from paiaa_jax.personalization.posterior import Photographs
from paiaa_jax.personalization.profile import Profile
from paiaa_jax.photos import bursts, personal
from paiaa_jax.photos.ratings import STARS
from paiaa_jax.web.collection import Collection
from paiaa_jax.web.given import given_of
from paiaa_jax.web.marks import Marks


class View(NamedTuple):
  """One moment, never changed.

  Attributes:
    refit: number of this view, from 1; 0: nothing was looked at yet.
    rows: [s] numbers of the scored photographs, ascending.
    photographs: what the model says of those.
    burst: [n] int, -1 where not known.
    generic, generic_percentile: [n].
    profile: None before there are ratings to learn from.
    learnt_from: numbers of the photographs behind `profile.given`.
    personal, half, percentile, stars: [n], of the profile; `half` the interval that holds a new
      rating nine times in ten.
    places: [n] int, from 1, by the personal score, or by the generic one before there is a profile;
      0 where not scored.
    former: `places` of the view before, None where that was by another score.
  """

  refit: int
  rows: np.ndarray
  photographs: Photographs
  burst: np.ndarray
  generic: np.ndarray
  generic_percentile: np.ndarray
  profile: Profile | None
  learnt_from: np.ndarray
  personal: np.ndarray
  half: np.ndarray
  percentile: np.ndarray
  stars: np.ndarray
  places: np.ndarray
  former: np.ndarray | None

  def best(self, count: int) -> np.ndarray:
    """Numbers of the first places."""
    return self.rows[np.argsort(self.places[self.rows], kind="stable")][:count]

  @property
  def ranking(self) -> np.ndarray:
    """[n] scores that `places` are by."""
    return self.generic if self.profile is None else self.personal


def empty(collection: Collection) -> View:
  """Before anything is scored."""
  n, rows = len(collection), np.zeros(0, int)
  nothing = np.full(n, np.nan)
  photographs = _photographs(collection, rows)
  unknown, places = np.full(n, -1), np.zeros(n, int)
  return View(
    *(0, rows, photographs, unknown, nothing, nothing, None, rows),
    *(nothing, nothing, nothing, nothing, places, None),
  )


def look(collection: Collection, marks: Marks, before: View) -> View:
  """The library under the ratings of this moment."""
  rows = np.flatnonzero(collection.scored)
  photographs = _photographs(collection, rows)
  try:
    profile, learnt_from = learn(collection, marks)
  except (UserError, np.linalg.LinAlgError):  # nothing that can be learnt from, yet
    profile, learnt_from = None, rows[:0]
  keys = collection.keys[rows]
  generic = np.asarray(photographs.generic, np.float64)
  own = own_half = own_percentile = stars = np.full(len(rows), np.nan)
  if profile is not None:
    own, own_half = profile.new_ratings(photographs)
    own_percentile = personal.percentiles(own)
    if profile.stars.any():  # comparisons alone tell nothing of stars
      stars = personal.predict_stars(own, profile)
  ranking = generic if profile is None else own
  places = np.zeros(len(collection), int)
  places[rows[np.argsort(-ranking, kind="stable")]] = np.arange(1, len(rows) + 1)
  same = before.refit > 0 and (before.profile is None) == (profile is None)

  def column(values: np.ndarray) -> np.ndarray:
    whole = np.full(len(collection), np.nan)
    whole[rows] = values
    return whole

  burst = np.full(len(collection), -1)
  burst[rows] = bursts.group_bursts(keys["taken"], keys["look"])
  return View(
    refit=before.refit + 1,
    rows=rows,
    photographs=photographs,
    burst=burst,
    generic=column(generic),
    generic_percentile=column(personal.percentiles(generic) if len(rows) else generic),
    profile=profile,
    learnt_from=learnt_from,
    personal=column(own),
    half=column(own_half),
    percentile=column(own_percentile),
    stars=column(stars),
    places=places,
    former=before.places if same else None,
  )


def learn(
  collection: Collection, marks: Marks, judged: bool = False
) -> tuple[Profile | None, np.ndarray]:
  """The profile by what was told of scored photographs, and their numbers; None for too little.

  judged: whether it is found out what the profile is worth, which takes longer. The number of a
  photograph of `collection.start` is -1.
  """
  numbers, given = told(collection, marks)
  if collection.start is None and sum(given.amounts) < FEWEST:
    return None, numbers
  scored, model = collection.take(numbers), collection.model
  profile = personal.learn_scored(scored, given, model, STARS, judged, collection.start)
  elsewhere = np.full(len(profile.digests) - len(numbers), -1)
  return profile, np.concatenate([numbers, elsewhere])


def told(collection: Collection, marks: Marks) -> tuple[np.ndarray, Given]:
  """Numbers [r] of the scored photographs that something was told of, and what was told."""
  digests, given = given_of(marks)
  found = [collection.scored_number(digest) for digest in digests]
  rows = np.array([row for row, number in enumerate(found) if number is not None], int)
  return np.array([number for number in found if number is not None], int), given.take(rows)


def _photographs(collection: Collection, rows: np.ndarray) -> Photographs:
  return personal.photographs_of(
    collection.vectors[rows], collection.coordinates[rows], collection.model
  )
