"""Image-level agreement of a network with the raters: the columns of Tables I to IV."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import jax.numpy as jnp
import numpy as np
from scipy import stats

from paiaa_jax import metrics
from paiaa_jax.distribution import mean_score
from paiaa_jax.types import Array

MAX_RESAMPLES = 1000
PAIRWISE = 4096  # images up to which Kendall's tau is counted pair by pair


def aesthetics(
  predicted: Array,
  target: Array,
  score_values: Sequence[float],
  target_values: Sequence[float],
  target_mean: Array | None = None,
) -> dict[str, float]:
  """srcc plcc krcc of the mean scores; rmse, acc and emd too where both are on one scale.

  Args:
    predicted: [n, b] distributions.
    target: [n, b'] distributions of the raters.
    score_values: [b], the score of each predicted bucket.
    target_values: [b'], the score of each of the raters' buckets. Between scales (Table III) only
      the mean scores meet.
    target_mean: [n] the raters' mean scores, where they are known better than float32 shares tell
      (data.records.Source.mean_score); None: those of `target`.

  Returns:
    The metrics, and `always_high`: the accuracy of calling every image high.
  """
  ours = mean_score(jnp.asarray(predicted), score_values)
  if target_mean is None:
    target_mean = mean_score(np.asarray(target, np.float64), target_values)
  theirs = jnp.asarray(target_mean, jnp.float32)
  result = {
    "srcc": float(metrics.srcc(ours, theirs)),
    "plcc": float(metrics.plcc(ours, theirs)),
    "krcc": kendall(ours, theirs),
  }
  if tuple(score_values) != tuple(target_values):
    return result
  threshold = metrics.high_above(score_values)
  return result | {
    "rmse": float(metrics.rmse(ours, theirs)),
    "acc": float(metrics.acc(ours, theirs, threshold=threshold)),
    "always_high": float(np.mean(np.asarray(theirs) > threshold)),
    "emd": float(metrics.emd(predicted, target)),
  }


def kendall(x: Array, y: Array) -> float:
  """Kendall's tau-b of many images in time n log n (Knight, 1966). [n], [n] -> in [-1, 1].

  NaN where it is undefined, as in metrics.krcc, which counts few images.
  """
  if len(x) <= PAIRWISE:
    return float(metrics.krcc(x, y))
  if not (np.isfinite(x).all() and np.isfinite(y).all()):
    return float("nan")
  return float(stats.kendalltau(np.asarray(x), np.asarray(y)).statistic)


def auxiliary(predicted: Array, target: Array, aux_names: Sequence[str]) -> dict[str, float]:
  """SROCC of each auxiliary output over images. [n, k], [n, k] -> {name: srcc}."""
  return {
    name: float(metrics.srcc(predicted[:, i], target[:, i])) for i, name in enumerate(aux_names)
  }


def score_with_traits(score: Array, traits: Array, aux_names: Sequence[str]) -> dict[str, float]:
  """Table IV: SROCC of the generic score [n] with each auxiliary output [n, k]."""
  return {name: float(metrics.srcc(score, traits[:, i])) for i, name in enumerate(aux_names)}


def interval_over_groups(
  statistic: Callable[[Array], float],
  groups: Array,
  rng: np.random.Generator,
  coverage: float = 0.95,
) -> tuple[float, float]:
  """Bootstrap interval where whole groups (source photographs, people) are drawn, not rows.

  Args:
    statistic: rows (an index array, with repeats) -> a number.
    groups: [n], the group of each row.
    rng: draws the resamples, unless there are so few groups that all of them can be listed.
    coverage: of the percentile interval.
  """
  names, members = np.unique(groups, return_inverse=True)
  rows = [np.flatnonzero(members == g) for g in range(len(names))]
  if len(names) ** len(names) <= MAX_RESAMPLES:
    draws = list(itertools.product(range(len(names)), repeat=len(names)))
  else:
    draws = rng.integers(0, len(names), (MAX_RESAMPLES, len(names)))
  values = [statistic(np.concatenate([rows[g] for g in draw])) for draw in draws]
  low, high = np.nanquantile(values, [(1 - coverage) / 2, (1 + coverage) / 2])
  return float(low), float(high)
