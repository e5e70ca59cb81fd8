"""Each person of a block with the photographs they rated, and the splits into shots and held out.

Shapes: u people, n ratings of the one who rated most (padded), s splits.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from paiaa_jax.personalization import ranks
from paiaa_jax.personalization.splits import Draws, draw_splits
from paiaa_jax.types import Array
from studies.oasis.study import Study


class People(NamedTuple):
  """Ratings of u people, padded with photograph 0 and rating 0 where `valid` is False.

  Attributes:
    photo: [u, n] int, row of the photograph in the study.
    rating: [u, n] float32, in points.
    valid: [u, n] bool.
    ids: [u] names.
    draws: see personalization.splits; the photographs' file names are hashed.
  """

  photo: np.ndarray
  rating: np.ndarray
  valid: np.ndarray
  ids: np.ndarray
  draws: Draws


def gather(study: Study, members: np.ndarray, *, num_splits: int, seed: int) -> People:
  """The people at rows `members` of the study; who gave one score throughout is left out."""
  members = [
    u for u in members if np.unique(study.ratings[u][~np.isnan(study.ratings[u])]).size > 1
  ]
  rated = [np.flatnonzero(~np.isnan(study.ratings[u])) for u in members]
  shape = len(members), max(map(len, rated))
  photo, valid = np.zeros(shape, int), np.zeros(shape, bool)
  for row, photos in enumerate(rated):
    photo[row, : len(photos)], valid[row, : len(photos)] = photos, True
  rating = np.where(valid, study.ratings[np.asarray(members)[:, None], photo], 0).astype(np.float32)
  ids = study.users[members]
  draws = draw_splits(valid, ids, study.images[photo], num_splits=num_splits, seed=seed)
  return People(photo, rating, valid, ids, draws)


class Ranked(NamedTuple):
  """How one k's scores did on the ratings held out, [u, s] each.

  Attributes:
    srcc: NaN where the held-out ratings or the scores are all equal.
    coverage: share of held-out ratings inside their interval; NaN without intervals.
    width: mean width of those intervals, in points.
  """

  srcc: np.ndarray
  coverage: np.ndarray
  width: np.ndarray


def rank(people: People, k: int, scores: Array, half_width: Array | None = None) -> Ranked:
  """Ranks the ratings that each split holds out after k shots; scores [u, n, s]."""
  nothing = np.full(scores.shape[::2], np.nan)
  srcc = _srcc(people.rating, people.valid, people.draws, scores, k)
  if half_width is None:
    return Ranked(np.asarray(srcc), nothing, nothing)
  held_out = (people.draws.position >= k) & people.valid[..., None]
  count = held_out.sum(axis=1)
  inside = np.abs(scores - people.rating[..., None]) <= half_width
  return Ranked(
    np.asarray(srcc),
    (inside & held_out).sum(axis=1) / count,
    np.where(held_out, 2 * half_width, 0).sum(axis=1) / count,
  )


@functools.partial(jax.jit, static_argnames="k")
def _srcc(rating: Array, valid: Array, draws: Draws, scores: Array, k: int) -> Array:
  held_out = (draws.position >= k) & valid[..., None]
  last = draws.image[:, k:]
  count = jnp.sum(valid, axis=1) - k
  score_ranks = ranks.ranks(jnp.take_along_axis(scores, last, axis=1), count)
  rating_ranks = jnp.take_along_axis(ranks.subset_ranks(rating, held_out), last, axis=1)
  return ranks.correlate_ranks(score_ranks, rating_ranks, count).srcc
