"""What a user's own ratings say of the personal score: each burst left out, all else refitted.

Leaving a group out of a normal posterior is in closed form (its part of the likelihood is divided
out; Rasmussen and Williams, section 5.4.2, for ratings), the weight of every candidate included, so
nothing of a photograph that is judged is known to what judges it: its choices go with it. That is
exact for ratings; for rejections and choices it is Laplace's. Numpy; n photographs, g groups, h
candidates.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from paiaa_jax.personalization.laplace import Fit
from paiaa_jax.personalization.likelihood import Told
from paiaa_jax.personalization.posterior import (
  Candidates,
  Photographs,
  TastePrior,
  design,
  likeness,
  weigh,
)

GROUPS = 200  # at most so many are left out, spread evenly
TINY = 1e-300  # a weight is never quite 0
RESAMPLED = 500
LEVEL = 0.6  # of the interval: where 0 lies outside, four resamples in five say better, or worse
UNCLEAR = "no clear difference"
FEWEST = 20  # photographs left out, below which nothing is called


class Worth(NamedTuple):
  """How the personal score ranks what was left out, beside the generic one.

  Attributes:
    srcc_personal, srcc_generic: Spearman's, None where one of them does not vary.
    difference: (low, high), the 60 % interval of the first less the second, over resampled groups.
    verdict: "better", "no clear difference" or "worse": whether that is above, about or below 0,
      of 20 photographs or more.
    photographs: how many were left out.
  """

  srcc_personal: float | None
  srcc_generic: float | None
  difference: tuple[float, float]
  verdict: str
  photographs: int


NOT_JUDGED = Worth(None, None, (-1.0, 1.0), UNCLEAR, 0)


def judge(
  prior: TastePrior,
  rated: Photographs,
  told: Told,
  groups: np.ndarray,
  judges: np.ndarray | None = None,
  found: Candidates | None = None,
) -> Worth:
  """Leaves out one group [n] (numbers; a burst or a folder) after the other.

  What is compared is the order of ratings; a rejection counts as the lowest. `judges` [n] bool: the
  photographs that are compared; None: all. `found`: what `weigh` gives, where it is known.
  """
  own = told.own
  if judges is not None:
    own = np.where(judges, own, np.nan)
  names = np.unique(groups[np.isfinite(own)])
  names = names[np.unique(np.linspace(0, len(names) - 1, min(len(names), GROUPS)).astype(int))]
  asked = np.isin(groups, names) & np.isfinite(own)
  if len(names) < 2:
    return Worth(None, None, (-1.0, 1.0), UNCLEAR, int(asked.sum()))
  personal = left_out_scores(prior, rated, told, groups, names, found)[asked]
  generic, own, groups = np.asarray(rated.generic)[asked], own[asked], groups[asked]
  ranked = _srcc(personal, own), _srcc(generic, own)
  low, high = _compare(personal, generic, own, groups)
  verdict = UNCLEAR
  if len(own) >= FEWEST and None not in ranked:
    verdict = "better" if low > 0 else "worse" if high < 0 else verdict
  return Worth(*ranked, (low, high), verdict, len(own))


def left_out_scores(
  prior: TastePrior,
  rated: Photographs,
  told: Told,
  groups: np.ndarray,
  names: np.ndarray,
  found: Candidates | None = None,
) -> np.ndarray:
  """[n] scores of the photographs of the groups `names` [g], each without its group; else NaN.

  A refit's scores are told as differences from their mean over all n photographs: a high rating
  left out lowers every score of the refit, which would rank its photograph low for no other reason.
  """
  found, x = found or weigh(prior, rated, told), design(prior, rated)
  linear, alike = x @ prior.covariance @ x.T, likeness(prior, rated, rated)
  parts = [_part(told, np.flatnonzero(groups == name)) for name in names]
  log_weight = np.tile(np.log(np.maximum(found.weight, TINY))[:, None], len(names))  # [h, g]
  refits = np.empty((len(found.weight), len(told.points), len(names)))  # scores [h, n, g]
  for h, (taste, fit) in enumerate(zip(found.taste, found.fits, strict=True)):
    prior_covariance = linear + taste * alike
    covariance = prior_covariance - prior_covariance @ fit.precision @ prior_covariance
    for g, part in enumerate(parts):
      moved, likelier = _without(fit, covariance, part)
      refits[h, :, g] = fit.scores + moved
      log_weight[h, g] += likelier
  weight = np.exp(log_weight - log_weight.max(axis=0))
  scores = np.einsum("hg,hng->ng", weight / weight.sum(axis=0), refits)
  scores -= scores.mean(axis=0)
  result = np.full(len(told.points), np.nan)
  for g, part in enumerate(parts):
    result[part.rows] = scores[part.rows, g]
  return result


class _Part(NamedTuple):
  """What was told that involves a group of photographs.

  Attributes:
    rows: of the group.
    touched: [t] those and what they were compared with, the group first.
    choices: of each pool, which of its choices, and where [.., c] their photographs are in touched.
  """

  rows: np.ndarray
  touched: np.ndarray
  choices: list[tuple[np.ndarray, np.ndarray]]


def _part(told: Told, rows: np.ndarray) -> _Part:
  which = [np.flatnonzero(np.isin(pool.rows, rows).any(axis=1)) for pool in told.pools]
  compared = [pool.rows[one].ravel() for pool, one in zip(told.pools, which, strict=True)]
  others = np.setdiff1d(np.concatenate([*compared, rows[:0]]), rows)
  touched = np.concatenate([rows, others]).astype(int)
  place = np.zeros(len(told.points), int)
  place[touched] = np.arange(len(touched))
  places = [place[pool.rows[one]] for pool, one in zip(told.pools, which, strict=True)]
  return _Part(rows, touched, list(zip(which, places, strict=True)))


def _without(fit: Fit, covariance: np.ndarray, part: _Part) -> tuple[np.ndarray, float]:
  """What the scores [n] move by, and the log-evidence, where this part was not told.

  Near the scores f the part's log-likelihood is value + gradient . d - d . bend d / 2; the
  posterior N(f, covariance) is divided by it.
  """
  rows, touched, choices = part
  gradient, weight = np.zeros((2, len(touched)))
  gradient[: len(rows)], weight[: len(rows)] = fit.local.gradient[rows], fit.local.weight[rows]
  bend, value = np.diag(weight), float(fit.local.value[rows].sum())
  for block, (which, place) in zip(fit.local.blocks, choices, strict=True):
    factor = block.factor[which]
    np.add.at(gradient, place, block.gradient[which])
    np.add.at(bend, (place[:, :, None], place[:, None, :]), factor @ factor.transpose(0, 2, 1))
    value += float(block.value[which].sum())
  inner = covariance[np.ix_(touched, touched)]
  left = np.eye(len(touched)) - bend @ inner
  gap = np.linalg.solve(left, gradient)
  log_det = np.linalg.slogdet(left)[1]
  return -covariance[:, touched] @ gap, gradient @ inner @ gap / 2 - value - log_det / 2


def _compare(
  personal: np.ndarray, generic: np.ndarray, own: np.ndarray, groups: np.ndarray
) -> tuple[float, float]:
  """The difference's interval over groups drawn with replacement."""
  _, member = np.unique(groups, return_inverse=True)
  g = member.max() + 1
  drawn = np.random.default_rng(0).multinomial(g, np.full(g, 1 / g), size=RESAMPLED)
  counts = drawn[:, member].astype(np.float64)  # [resamples, n] how often each photograph is in
  differences = _resampled_srcc(personal, own, counts) - _resampled_srcc(generic, own, counts)
  low, high = np.quantile(differences, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
  return float(low), float(high)


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
