"""How well scores agree with ratings: masked, tie-aware, for one set of n images.

Vectors [n] and an optional mask [n] (1: counts, 0: padding) in, a scalar out; `vmap` for many
sets. A correlation that is undefined (a constant vector, fewer than two images, a value that is
not finite) is NaN, never 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from paiaa_jax.distribution import mean_score as mean_score
from paiaa_jax.distribution import score_std as score_std
from paiaa_jax.types import Array


def srcc(x: Array, y: Array, mask: Array | None = None) -> jax.Array:
  """Spearman's rank correlation with average ranks for ties. [n], [n] -> scalar in [-1, 1].

  Example:
    >>> round(float(metrics.srcc(jnp.array([1.0, 2.0, 9.0]), jnp.array([0.1, 0.2, 0.3]))), 4)
    1.0
  """
  mask = _as_mask(x, mask)
  return _pearson(average_ranks(x, mask), average_ranks(y, mask), mask)


def plcc(x: Array, y: Array, mask: Array | None = None) -> jax.Array:
  """Pearson's linear correlation. [n], [n] -> scalar in [-1, 1].

  Example:
    >>> round(float(metrics.plcc(jnp.array([0.0, 1.0]), jnp.array([5.0, 3.0]))), 4)
    -1.0
  """
  return _pearson(x, y, _as_mask(x, mask))


def krcc(x: Array, y: Array, mask: Array | None = None) -> jax.Array:
  """Kendall's tau-b. [n], [n] -> scalar in [-1, 1]; time and memory grow with n squared.

  Example:
    >>> round(float(metrics.krcc(jnp.array([1.0, 2.0, 3.0]), jnp.array([1.0, 3.0, 2.0]))), 4)
    0.3333
  """
  mask = _as_mask(x, mask)
  pairs = mask[:, None] & mask[None, :]

  def signs(values):
    values = jnp.where(mask, values, 0)
    return jnp.where(pairs, jnp.sign(values[:, None] - values[None, :]), 0).astype(jnp.int32)

  def total(products):  # exact in each row; the rows' sum needs a float's range
    return jnp.sum(jnp.sum(products, axis=1).astype(jnp.float32))

  a, b = signs(x), signs(y)
  tau = total(a * b) / (jnp.sqrt(total(a * a)) * jnp.sqrt(total(b * b)))
  return jnp.where(_all_finite(x, mask) & _all_finite(y, mask), tau, jnp.nan)


def rmse(x: Array, y: Array, mask: Array | None = None) -> jax.Array:
  """Root of the mean squared difference. [n], [n] -> scalar in the unit of x; 0 where equal.

  Example:
    >>> float(metrics.rmse(jnp.array([3.0, 4.0, 0.0]), jnp.zeros(3), mask=jnp.array([1, 0, 0])))
    3.0
  """
  mask = _as_mask(x, mask)
  return jnp.sqrt(_mean(jnp.square(x - y), mask))


def acc(
  predicted: Array, target: Array, mask: Array | None = None, threshold: float = 5.0
) -> jax.Array:
  """Share of images on the same side of the threshold (Eq. 9); a score equal to it is low.

  Example:
    >>> float(metrics.acc(jnp.array([4.0, 6.0]), jnp.array([4.5, 5.0])))
    0.5
  """
  mask = _as_mask(predicted, mask)
  return _mean((predicted > threshold) == (target > threshold), mask)


def high_above(score_values: Sequence[float]) -> float:
  """acc's threshold on a scale: 5 on 1..10 as on AVA (Eq. 9), else the middle.

  Example:
    >>> metrics.high_above([1, 2, 3, 4, 5])
    3.0
  """
  if len(score_values) == 10 and score_values[0] == 1:
    return 5.0
  return (score_values[0] + score_values[-1]) / 2


def emd(p: Array, q: Array, mask: Array | None = None) -> jax.Array:
  """Mean earth mover's distance, r = 2 (Eq. 11), of distributions [n, b] and [n, b]: in [0, 1].

  Example:
    >>> float(metrics.emd(jnp.eye(4)[:1], jnp.eye(4)[1:2]))
    0.5
  """
  gap = jnp.cumsum(p, axis=-1) - jnp.cumsum(q, axis=-1)
  distance = jnp.sqrt(jnp.mean(jnp.square(gap), axis=-1))
  return _mean(distance, _as_mask(distance, mask))


def average_ranks(x: Array, mask: Array | None = None) -> jax.Array:
  """Ranks 1..m of the m unmasked values of x [n], ties sharing their mean.

  0 where masked; NaN where a value is NaN or infinite.

  Example:
    >>> metrics.average_ranks(jnp.array([2.0, 5.0, 2.0])).tolist()
    [1.5, 3.0, 1.5]
  """
  mask = _as_mask(x, mask)
  keys = jnp.where(mask, x.astype(jnp.float32), jnp.inf)
  ordered = jnp.sort(keys)
  below = jnp.searchsorted(ordered, keys, side="left")
  up_to = jnp.searchsorted(ordered, keys, side="right")
  ranks = jnp.where(jnp.isfinite(x), (below + up_to + 1) / 2, jnp.nan)
  return jnp.where(mask, ranks, 0)


def _pearson(x: Array, y: Array, mask: Array) -> jax.Array:
  a, b = _standardized(x, mask), _standardized(y, mask)
  correlation = jnp.clip(_sum(a * b, mask), -1.0, 1.0)
  return jnp.where(jnp.sum(mask) > 1, correlation, jnp.nan)


def _standardized(x: Array, mask: Array) -> jax.Array:
  """Centred x of unit norm over the mask; NaN if x is constant there or not finite."""
  x = jnp.where(mask, x, 0).astype(jnp.float32)
  lowest = jnp.min(jnp.where(mask, x, jnp.inf))
  highest = jnp.max(jnp.where(mask, x, -jnp.inf))
  x = (x - lowest) / (highest - lowest)  # 0 / 0 where constant; keeps squares in range
  centred = x - _mean(x, mask)
  return centred / jnp.sqrt(_sum(jnp.square(centred), mask))


def _as_mask(x: Array, mask: Array | None) -> Array:
  return jnp.ones(x.shape[:1], bool) if mask is None else mask > 0


def _all_finite(x: Array, mask: Array) -> jax.Array:
  return jnp.all(jnp.where(mask, jnp.isfinite(x), True))


def _sum(values: Array, mask: Array) -> jax.Array:
  return jnp.sum(jnp.where(mask, values, 0), dtype=jnp.float32)


def _mean(values: Array, mask: Array) -> jax.Array:
  return _sum(values, mask) / jnp.sum(mask)
