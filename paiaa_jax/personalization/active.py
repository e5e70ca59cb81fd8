"""Which photographs to rate next: those whose ratings would tell most about a whole library."""

from __future__ import annotations

import numpy as np

from paiaa_jax.personalization.posterior import (
  Photographs,
  TastePrior,
  design,
  likeness,
  with_width,
)
from paiaa_jax.types import Array

TOGETHER = 3000  # photographs of a library that are weighed; an even part of a larger one


def choose_next(
  photographs: Photographs,
  rated: Array,
  count: int,
  *,
  prior: TastePrior,
  bursts: Array | None = None,
) -> np.ndarray:
  """Picks photographs one by one, each the one that most lowers the sum of the scores' variances.

  The variances are of scores less the library's mean, as only their order matters. They follow from
  which photographs are rated, not from how, so that a batch can be chosen at once. Rating
  photograph j lowers their sum by sum_i c_ij^2 / (c_jj + noise), where c is the covariance.

  Args:
    photographs: n, to choose from.
    rated: [n] bool, those rated already: they count, and are not chosen again.
    count: how many to choose; fewer come back where fewer are left.
    prior: what is expected of a user.
    bursts: [n] numbers; at most one photograph of each is chosen.

  Returns:
    [count] indices, the most telling first.
  """
  rated = np.asarray(rated, bool)
  free = np.flatnonzero(~rated)
  even = free[np.unique(np.linspace(0, len(free) - 1, min(len(free), TOGETHER)).astype(int))]
  rows = np.sort(np.concatenate([np.flatnonzero(rated)[-TOGETHER:], even]))
  asked, noise = photographs.take(rows), np.exp(prior.log_noise[0])
  covariance = _covariance(with_width(prior, asked), asked)
  for row in np.flatnonzero(rated[rows]):
    covariance = _told(covariance, row, noise)
  groups = np.arange(len(rows)) if bursts is None else np.asarray(bursts)[rows]
  open_ = ~np.isin(groups, groups[rated[rows]])
  chosen: list[int] = []
  while len(chosen) < count and open_.any():
    gain = np.sum(np.square(covariance), axis=0) / (np.diag(covariance) + noise)
    best = int(np.argmax(np.where(open_, gain, -np.inf)))
    covariance = _told(covariance, best, noise)
    open_ &= groups != groups[best]
    chosen.append(best)
  return rows[np.asarray(chosen, int)]


def _covariance(prior: TastePrior, photographs: Photographs) -> np.ndarray:
  """[n, n] of the scores less their mean, before any rating."""
  x = design(prior, photographs)
  taste = np.exp(prior.log_taste[0]) * likeness(prior, photographs, photographs)
  covariance = x @ prior.covariance @ x.T + taste
  covariance -= covariance.mean(axis=0)
  return covariance - covariance.mean(axis=1)[:, None]


def _told(covariance: np.ndarray, row: int, noise: float) -> np.ndarray:
  """The covariance once photograph `row` is rated."""
  own = covariance[:, row]
  return covariance - np.outer(own, own) / (own[row] + noise)
