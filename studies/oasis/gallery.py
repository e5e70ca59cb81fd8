"""Which two people, and which photographs, show what personal scores are for (as in Fig. 7).

They are chosen by their ratings alone; what was predicted for them has no say.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from studies.oasis import stage2
from studies.oasis.people import People

SHOTS = 30
SHARED = 12  # photographs that both must have rated, held out in the first split
SHOWN = 5


def two_people(
  models: Sequence[stage2.FoldModel], people: People, solver: stage2.Solver
) -> dict[str, np.ndarray]:
  """photo [n] rows of the study; generic [n], scores [2, n] and ratings [2, n]; ids [2].

  The pair whose ratings of shared held-out photographs correlate least, and those n photographs on
  which their ratings lie farthest apart, in both directions.
  """
  held_out = (people.draws.position[..., 0] >= SHOTS) & people.valid
  ratings = np.full((len(people.ids), people.photo.max() + 1), np.nan)
  user, place = np.nonzero(held_out)
  ratings[user, people.photo[user, place]] = people.rating[user, place]
  a, b = _least_alike(ratings)
  apart = ratings[a] - ratings[b]
  apart = apart - np.nanmean(apart)  # one of them may be kinder throughout
  shared = np.flatnonzero(~np.isnan(apart))
  order = shared[np.argsort(apart[shared])]
  photo = np.concatenate([order[: SHOWN // 2], order[-(SHOWN - SHOWN // 2) :]])

  def at_photos(scores: np.ndarray, u: int) -> np.ndarray:
    return np.array([scores[u, people.photo[u] == row, 0][0] for row in photo])

  scores, _ = stage2.score(models, people, solver, SHOTS)
  generic, _ = stage2.score(models, people, stage2.generic, SHOTS)
  return {
    "photo": photo,
    "generic": at_photos(generic, a),
    "scores": np.stack([at_photos(scores, u) for u in (a, b)]),
    "ratings": ratings[[a, b]][:, photo],
    "ids": people.ids[[a, b]],
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
