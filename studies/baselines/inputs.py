"""What a baseline may look at: photographs, some people's shots, a crowd. No rating held out.

A baseline is a function (Photos, Shots) -> scores [u, n, s], finite wherever `Shots.valid`. One
that learns from a crowd is made by a function of the Crowd. Ratings that a split holds out are in
none of the three.

Shapes: N photographs, f pooled features, p principal components, a auxiliary outputs; u people
with n photographs (padded), k shots, s splits; m photographs of the crowd, t ratings by it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from paiaa_jax.personalization.splits import Draws


class Photos(NamedTuple):
  """The photographs that test users rated, as the network of stage 1 sees them.

  Features, components and traits have mean 0 and mean squared norm 1 over the training
  photographs, each column of features and traits having the same deviation.

  Attributes:
    generic: [N] generic scores, in points.
    features: [N, f] pooled features.
    components: [N, p] the features' principal components.
    traits: [N, a] auxiliary outputs.
  """

  generic: np.ndarray
  features: np.ndarray
  components: np.ndarray
  traits: np.ndarray


class Shots(NamedTuple):
  """People with more than k rated photographs, and k of their ratings in each split.

  Attributes:
    photo: [u, n] int, row in Photos; 0 where padded.
    valid: [u, n] bool.
    place: [u, k, s] int, the shots' places among the person's n.
    rating: [u, k, s] the ratings of those, in points.
  """

  photo: np.ndarray
  valid: np.ndarray
  place: np.ndarray
  rating: np.ndarray


class Crowd(NamedTuple):
  """Other people's ratings of other photographs, those stage 1 was trained on.

  Attributes:
    components: [m, p], traits: [m, a], as in Photos.
    user, photo: [t] int, who rated what.
    score: [t] in points.
  """

  components: np.ndarray
  traits: np.ndarray
  user: np.ndarray
  photo: np.ndarray
  score: np.ndarray


Baseline = Callable[[Photos, Shots], np.ndarray]


def take_shots(
  photo: np.ndarray, ratings: np.ndarray, valid: np.ndarray, draws: Draws, k: int
) -> tuple[np.ndarray, Shots]:
  """Who has k shots and two photographs more [v] int, and their Shots.

  Args:
    photo: [u, n] rows in Photos; ratings: [u, n]; valid: [u, n].
    draws: of all u people.
    k: shots of a split.
  """
  members = np.flatnonzero(valid.sum(axis=1) >= k + 2)
  place = draws.image[members, :k]
  rating = np.take_along_axis(ratings[members, :, None], place, axis=1).astype(np.float64)
  return members, Shots(photo[members], valid[members], place, rating)


def shots_of(values: np.ndarray, place: np.ndarray) -> np.ndarray:
  """One person's values [n, ...] at the places [k, s] of their shots: [s, k, ...]."""
  return values[place.T]
