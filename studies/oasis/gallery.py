"""The two users and the photographs of the gallery (as Fig. 7).

Both are chosen by ratings alone, not by what was predicted.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from paiaa_jax.personalization.splits import Splits
from paiaa_jax.personalization.users import Users
from paiaa_jax.types import Array
from studies.oasis import stage2

SHOTS = 30
SHARED = 12  # photographs that both must have rated, held out in the first split
SHOWN = 5


def two_people(
  models: Sequence[stage2.FoldModel], users: Users, splits: Splits, method: stage2.Method
) -> dict[str, np.ndarray]:
  """photo [n] rows of the study; generic [n], scores [2, n] and ratings [2, n]; ids [2].

  The pair whose ratings of shared held-out photographs correlate least, and those n photographs on
  which their ratings lie farthest apart, in both directions.
  """
  splits = dataclasses.replace(splits, shots=(SHOTS,))
  held_out = splits.held_out(SHOTS)[..., 0]
  ratings = np.full((len(users.user_ids), users.row.max() + 1), np.nan)
  user, place = np.nonzero(held_out)
  ratings[user, users.row[user, place]] = users.ratings[user, place]
  a, b = _least_alike(ratings)
  apart = ratings[a] - ratings[b]
  apart = apart - np.nanmean(apart)  # one of them may rate higher throughout
  shared = np.flatnonzero(~np.isnan(apart))
  order = shared[np.argsort(apart[shared])]
  photo = np.concatenate([order[: SHOWN // 2], order[-(SHOWN - SHOWN // 2) :]])

  def at_photos(scores: Array, u: int) -> np.ndarray:
    place = [np.flatnonzero((users.row[u] == row) & users.valid[u])[0] for row in photo]
    return np.asarray(scores)[0, u, place, 0]

  scores = stage2.score(models, users, splits, method).scores
  generic = stage2.score(models, users, splits, stage2.generic).scores
  return {
    "photo": photo,
    "generic": at_photos(generic, a),
    "scores": np.stack([at_photos(scores, u) for u in (a, b)]),
    "ratings": ratings[[a, b]][:, photo],
    "ids": users.user_ids[[a, b]],
  }


def _least_alike(ratings: np.ndarray) -> tuple[int, int]:
  """The pair of least correlation that shares enough; ratings [u, N], NaN where absent."""
  least, pair = np.inf, (0, 1)
  for a in range(len(ratings)):
    for b in range(a):
      shared = ~np.isnan(ratings[a] + ratings[b])
      x, y = ratings[a, shared], ratings[b, shared]
      if shared.sum() >= SHARED and x.std() > 0 and y.std() > 0:
        correlation = np.corrcoef(x, y)[0, 1]
        if correlation < least:
          least, pair = correlation, (b, a)
  return pair
