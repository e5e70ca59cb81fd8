"""What a user's own ratings say of the personal score: each burst left out, all else refitted.

Leaving a group out of a Gaussian posterior is in closed form (Rasmussen and Williams, section
5.4.2), the weight of every candidate included, so nothing of a photograph that is judged is known
to what judges it. Numpy; n ratings, g groups, h candidates.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from paiaa_jax.personalization.posterior import (
  Photographs,
  TastePrior,
  design,
  likeness,
  weigh,
)

GROUPS = 200  # at most so many are left out, spread evenly
TINY = 1e-300  # a weight is never quite 0
RESAMPLED = 500
SURE = 0.8  # share of the resamples on one side that is called better, or worse
UNCLEAR = "no clear difference"
FEWEST = 20  # photographs left out, below which nothing is called


class Worth(NamedTuple):
  """How the personal score ranks what was left out, beside the generic one.

  Attributes:
    srcc_personal, srcc_generic: Spearman's, None where one of them does not vary.
    difference: (low, high), the 90 % interval of the first less the second, over resampled groups.
    verdict: "better", "no clear difference" or "worse".
    photographs: how many were left out.
  """

  srcc_personal: float | None
  srcc_generic: float | None
  difference: tuple[float, float]
  verdict: str
  photographs: int


def judge(prior: TastePrior, rated: Photographs, points: np.ndarray, groups: np.ndarray) -> Worth:
  """Leaves out one group [n] (numbers; a burst or a folder) after the other."""
  names = np.unique(groups)
  names = names[np.unique(np.linspace(0, len(names) - 1, min(len(names), GROUPS)).astype(int))]
  asked = np.isin(groups, names)
  if len(names) < 2:
    return Worth(None, None, (-1.0, 1.0), UNCLEAR, int(asked.sum()))
  personal = left_out_scores(prior, rated, points, groups, names)[asked]
  generic, own, groups = np.asarray(rated.generic)[asked], points[asked], groups[asked]
  ranked = _srcc(personal, own), _srcc(generic, own)
  low, high, above = _compare(personal, generic, own, groups)
  verdict = UNCLEAR
  if len(own) >= FEWEST and None not in ranked:
    verdict = "better" if above >= SURE else "worse" if above <= 1 - SURE else verdict
  return Worth(*ranked, (low, high), verdict, len(own))


def left_out_scores(
  prior: TastePrior,
  rated: Photographs,
  points: np.ndarray,
  groups: np.ndarray,
  names: np.ndarray,
) -> np.ndarray:
  """[n] scores of the photographs of the groups `names` [g], each without its group; else NaN.

  A refit's scores are told as differences from their mean over all rated photographs: a high rating
  left out lowers every score of the refit, which would rank its photograph low for no other reason.
  """
  found, x = weigh(prior, rated, points), design(prior, rated)
  linear, alike = x @ prior.covariance @ x.T, likeness(prior, rated, rated)
  members = [np.flatnonzero(groups == name) for name in names]
  log_weight = np.tile(np.log(np.maximum(found.weight, TINY))[:, None], len(names))  # [h, g]
  refits = np.empty((len(found.weight), len(points), len(names)))  # scores [h, n, g]
  for h, (dual, precision) in enumerate(zip(found.dual, found.precision, strict=True)):
    without = np.tile(dual[:, None], len(names))
    for g, rows in enumerate(members):
      own = precision[np.ix_(rows, rows)]
      gap = np.linalg.solve(own, dual[rows])
      without[:, g] -= precision[:, rows] @ gap
      log_weight[h, g] += dual[rows] @ gap / 2 - np.linalg.slogdet(own)[1] / 2
    refits[h] = (x @ prior.mean)[:, None] + (linear + found.taste[h] * alike) @ without
  weight = np.exp(log_weight - log_weight.max(axis=0))
  scores = np.einsum("hg,hng->ng", weight / weight.sum(axis=0), refits)
  scores -= scores.mean(axis=0)
  result = np.full(len(points), np.nan)
  for g, rows in enumerate(members):
    result[rows] = scores[rows, g]
  return result


def _compare(
  personal: np.ndarray, generic: np.ndarray, own: np.ndarray, groups: np.ndarray
) -> tuple[float, float, float]:
  """The difference's 5 % and 95 % quantile over groups drawn with replacement; share above 0."""
  _, member = np.unique(groups, return_inverse=True)
  g = member.max() + 1
  drawn = np.random.default_rng(0).multinomial(g, np.full(g, 1 / g), size=RESAMPLED)
  counts = drawn[:, member].astype(np.float64)  # [resamples, n] how often each photograph is in
  differences = _resampled_srcc(personal, own, counts) - _resampled_srcc(generic, own, counts)
  low, high = np.quantile(differences, (0.05, 0.95))
  above = np.mean(differences > 0) + np.mean(differences == 0) / 2
  return float(low), float(high), float(above)


def _resampled_srcc(a: np.ndarray, b: np.ndarray, counts: np.ndarray) -> np.ndarray:
  """Spearman's [r] of n pairs, each counted as often as `counts` [r, n] says; 0 where undefined."""
  total = counts.sum(axis=1, keepdims=True)
  centred = []
  for x in (a, b):
    before = (x[:, None] < x[None, :]) + (x[:, None] == x[None, :]) / 2
    ranks = counts @ before
    centred.append(ranks - np.sum(counts * ranks, axis=1, keepdims=True) / total)
  covariance = np.sum(counts * centred[0] * centred[1], axis=1)
  squares = [np.sum(counts * np.square(x), axis=1) for x in centred]
  scale = np.sqrt(squares[0] * squares[1])
  return np.where(scale > 0, covariance / np.maximum(scale, 1e-12), 0.0)


def _srcc(a: np.ndarray, b: np.ndarray) -> float | None:
  if np.ptp(a) < 1e-9 or np.ptp(b) == 0:
    return None
  return float(np.corrcoef(_ranks(a), _ranks(b))[0, 1])


def _ranks(a: np.ndarray) -> np.ndarray:
  """[n]; equals share the mean of their ranks."""
  _, member, count = np.unique(a, return_inverse=True, return_counts=True)
  return (np.cumsum(count) - (count - 1) / 2)[member]
