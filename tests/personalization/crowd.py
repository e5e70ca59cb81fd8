"""Ragged users with planted weights and heavily tied ratings, for the tests of this folder."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from paiaa_jax import personalization as pz


class Crowd(NamedTuple):
  generic: np.ndarray  # [u, n]
  outputs: np.ndarray  # [u, n, k]
  ratings: np.ndarray  # [u, n], whole points 1..5
  valid: np.ndarray  # [u, n]


def simulate(users=8, images=60, outputs=5, fewest=40, noise=0.5, seed=0, spread=1.0) -> Crowd:
  """Users of a common taste with `spread` about it; what is padded is NaN, to catch a leak."""
  rng = np.random.default_rng(seed)
  valid = np.arange(images) < rng.integers(fewest, images + 1, users)[:, None]
  x = 0.1 + 0.3 * rng.normal(size=(users, images, outputs))
  generic = rng.normal(3, 0.5, (users, images))
  weights = rng.normal(0.8, spread, (users, 1, outputs))
  own = rng.normal(0, 0.3, (users, 1)) + rng.normal(0, noise, (users, images))
  ratings = np.clip(np.round(generic + (x * weights).sum(-1) + own), 1, 5)
  arrays = (generic, x, ratings)
  padded = [np.where(valid if a.ndim == 2 else valid[..., None], a, np.nan) for a in arrays]
  return Crowd(*(a.astype(np.float32) for a in padded), valid)


def users_of(crowd, image_ids=None, coordinates=None, **options) -> pz.Users:
  """Users with images of their own: each entry of [u, n] is an image, named by its column."""
  generic, outputs, ratings, valid = map(np.asarray, crowd)
  u, n = valid.shape
  rows = [array.reshape(u * n, -1) for array in (generic, outputs)]
  if coordinates is not None:
    coordinates = np.reshape(coordinates, (u * n, -1))
  names = np.tile(np.arange(n), (u, 1)) if image_ids is None else np.asarray(image_ids)
  images = pz.make_images(rows[0][:, 0], rows[1], coordinates)
  row = np.arange(u * n).reshape(u, n)
  return pz.make_users(images, row, ratings, valid, image_ids=names.reshape(-1), **options)


def evaluate(method, users, shots=(10, 100), num_splits=50, seed=0, **options):
  """pz.evaluate under a protocol of these shots and splits."""
  splits = pz.draw_splits(users, pz.Protocol(shots, num_splits, seed))
  return pz.evaluate(method, users, splits, **options)


def state_of(name: str, users: pz.Users) -> Any:
  """What the solver's `init` learns of the users; None where it may learn from others' shots."""
  from_shots = ("empirical_bayes", "population_mean")
  return None if name in from_shots else pz.SOLVERS[name]().init(users)
