"""What a baseline may read: photographs and users' shots, no held-out rating.

A baseline is a function (Photos, Shots) -> scores [u, n, s], finite where `Shots.valid`. One that
learns from other users is returned by a function of them: Users, with the same columns of images.

Shapes: N photographs, f pooled features; u users with n photographs (padded), k shots, s splits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from paiaa_jax.personalization.splits import Splits
from paiaa_jax.personalization.users import Images, Users
from paiaa_jax.types import Array


class Photos(NamedTuple):
  """What the network of stage 1 says of the photographs that test users rated.

  Features, coordinates and outputs have mean 0 and mean squared norm 1 over the training
  photographs, each column of features and outputs having the same deviation.

  Attributes:
    images: N; their coordinates are principal components of the features.
    features: [N, f] pooled features.
  """

  images: Images
  features: np.ndarray


class Shots(NamedTuple):
  """Users with more than k rated photographs, and k of their ratings in each split.

  Attributes:
    row: [u, n] int, of the photographs; 0 where padded.
    valid: [u, n] bool.
    place: [u, k, s] int, the shots' places among the user's n.
    rating: [u, k, s] the ratings of those, in points.
  """

  row: np.ndarray
  valid: np.ndarray
  place: np.ndarray
  rating: np.ndarray


Baseline = Callable[[Photos, Shots], np.ndarray]


def user_by_user(score: Callable[[Photos, Shots], Array]) -> Baseline:
  """A baseline that scores each user alone; `score` takes a user's Shots, without the axis u."""

  def baseline(photos: Photos, shots: Shots) -> np.ndarray:
    return np.stack([score(photos, Shots(*own)) for own in zip(*shots, strict=True)])

  return baseline


def take_shots(users: Users, splits: Splits, k: int) -> tuple[np.ndarray, Shots]:
  """Which users have k shots and two photographs more [v] int, and their Shots."""
  row, valid, ratings = map(np.asarray, (users.row, users.valid, users.ratings))
  members = np.flatnonzero(valid.sum(axis=1) >= k + 2)
  place = np.asarray(splits.image)[members, :k]
  rating = np.take_along_axis(ratings[members, :, None], place, axis=1).astype(np.float64)
  return members, Shots(row[members], valid[members], place, rating)


def shots_of(values: Array, place: np.ndarray) -> np.ndarray:
  """One user's values [n, ...] at the places [k, s] of their shots: [s, k, ...]."""
  return np.asarray(values)[place.T]
