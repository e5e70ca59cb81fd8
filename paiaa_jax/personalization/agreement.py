"""How near scores come to the ratings that were held out, besides their order; numpy.

Shapes: u users, n images (padded), s splits.
"""

from __future__ import annotations

import numpy as np

from paiaa_jax.personalization.splits import Splits
from paiaa_jax.personalization.users import Users
from paiaa_jax.types import Array


def agreement(scores: Array, users: Users, splits: Splits, k: int) -> dict[str, np.ndarray]:
  """plcc (Pearson's correlation), mae and rmse (in points): [u, s] each, after k shots.

  NaN where fewer than two images are held out; a correlation also where scores or ratings are all
  equal. Errors mean something of scores on the scale of the ratings alone.

  Args:
    scores: [u, n, s], of which those of held-out images are read.
    users: who rated them.
    splits: of these users.
    k: shots.
  """
  held_out = np.asarray(splits.held_out(k))
  count = held_out.sum(axis=1, dtype=np.float64)  # [u, s]
  count[count < 2] = np.nan

  def mean(values: np.ndarray) -> np.ndarray:
    return np.where(held_out, values, 0).sum(axis=1) / count

  scores = np.asarray(scores, np.float64)
  ratings = np.asarray(users.ratings, np.float64)[..., None]
  error = scores - ratings
  a, b = (np.where(held_out, x - mean(x)[:, None], 0) for x in (scores, ratings))
  scatter = mean(a * a) * mean(b * b)
  scatter[scatter < np.finfo(float).eps ** 2] = np.nan
  return {
    "plcc": mean(a * b) / np.sqrt(scatter),
    "mae": mean(np.abs(error)),
    "rmse": np.sqrt(mean(np.square(error))),
  }
