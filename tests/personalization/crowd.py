"""Ragged users with planted weights and heavily tied ratings, for the tests of this folder."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Crowd(NamedTuple):
  generic: np.ndarray  # [u, n]
  traits: np.ndarray  # [u, n, k]
  ratings: np.ndarray  # [u, n], whole points 1..5
  valid: np.ndarray  # [u, n]


def simulate(users=8, images=60, traits=5, fewest=40, noise=0.5, seed=0, spread=1.0) -> Crowd:
  """People of a common taste with `spread` about it; what is padded is NaN, to catch a leak."""
  rng = np.random.default_rng(seed)
  valid = np.arange(images) < rng.integers(fewest, images + 1, users)[:, None]
  x = 0.1 + 0.3 * rng.normal(size=(users, images, traits))
  generic = rng.normal(3, 0.5, (users, images))
  weights = rng.normal(0.8, spread, (users, 1, traits))
  own = rng.normal(0, 0.3, (users, 1)) + rng.normal(0, noise, (users, images))
  ratings = np.clip(np.round(generic + (x * weights).sum(-1) + own), 1, 5)
  arrays = (generic, x, ratings)
  padded = [np.where(valid if a.ndim == 2 else valid[..., None], a, np.nan) for a in arrays]
  return Crowd(*(a.astype(np.float32) for a in padded), valid)
