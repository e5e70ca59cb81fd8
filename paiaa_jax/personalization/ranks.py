"""SROCC of every user and split at once, on the images held out, ties sharing their mean rank.

Shapes: u users, n images, s splits on the last axis, where they fill a processor's vectors. The
same numbers as `metrics.srcc`, which takes one pair of vectors. Two facts make it fast: the ranks
of one user's values within any subset are running counts, once the values are sorted; and where
every split has values of its own, counting all pairs is one compare and one add each, which
outruns XLA's sort on rows of a few hundred.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from paiaa_jax.types import Array

# Comparisons a step of the counting loop: XLA unrolls and vectorises a body of this length, while
# one below 16 reads its operand through an index computed for each element, 10 times slower.
UNROLL = 32


def subset_ranks(values: Array, subset: Array) -> Array:
  """Mean ranks, from 1, of values [u, n] within each subset [u, n, s]; 0 outside it."""
  below = jnp.sum(values[:, None, :] < values[:, :, None], axis=-1)
  up_to = jnp.sum(values[:, None, :] <= values[:, :, None], axis=-1)
  ascending = jnp.argsort(values, axis=-1)
  member = jnp.take_along_axis(subset, ascending[..., None], axis=1).astype(jnp.float32)
  running = jax.lax.associative_scan(jnp.add, member, axis=1)
  running = jnp.pad(running, ((0, 0), (1, 0), (0, 0)))  # [u, n + 1, s]: members among the first
  twice = jnp.take_along_axis(running, below[..., None], axis=1)
  twice = twice + jnp.take_along_axis(running, up_to[..., None], axis=1)
  return jnp.where(subset, (twice + 1) / 2, 0)


def ranks(scores: Array, count: Array) -> Array:
  """Mean ranks, from 1, of the first count [u] scores [u, n, s] of each row; 0 beyond."""
  inside = jnp.arange(scores.shape[1])[None, :, None] < count[:, None, None]
  scores = jnp.where(inside, scores, jnp.inf)
  below = jnp.where(inside, _count_pairs(jnp.less, scores), 0)
  untied = count * (count - 1) // 2  # what the counts sum to unless scores are equal
  any_tied = jnp.any(jnp.sum(below, axis=1) != untied[:, None])
  equal = jax.lax.cond(
    any_tied, lambda: _count_pairs(jnp.equal, scores), lambda: jnp.ones_like(below)
  )
  return jnp.where(inside, below + (equal.astype(jnp.float32) + 1) / 2, 0)


class Correlation(NamedTuple):
  """SROCC [u, s], NaN where undefined, and which side [u, s] was constant."""

  srcc: Array
  constant_a: Array
  constant_b: Array


def correlate_ranks(a: Array, b: Array, count: Array) -> Correlation:
  """Pearson's correlation of mean ranks a and b [u, n, s] of count [u] images, 0 elsewhere."""
  middle = (count[:, None, None].astype(jnp.float32) + 1) / 2
  a, b = jnp.where(a > 0, a - middle, 0), jnp.where(b > 0, b - middle, 0)
  spread_a, spread_b = jnp.sum(a * a, axis=1), jnp.sum(b * b, axis=1)
  srcc = jnp.sum(a * b, axis=1) / jnp.sqrt(spread_a * spread_b)
  return Correlation(srcc, spread_a == 0, spread_b == 0)


def _count_pairs(compare, scores: Array) -> Array:
  """How many j satisfy compare(scores[:, j], scores[:, i]), for every i. [u, n, s] -> int32."""
  n = scores.shape[1]
  steps = -(-n // UNROLL)
  width = -(-n // steps)
  # a padded score is infinite as those beyond count are: it counts for none of the others
  others = jnp.pad(scores, ((0, 0), (0, steps * width - n), (0, 0)), constant_values=jnp.inf)

  def step(i, total):
    some = jax.lax.dynamic_slice_in_dim(others, i * width, width, axis=1)
    for j in range(width):
      total = total + compare(some[:, j : j + 1], scores).astype(jnp.int32)
    return total

  return jax.lax.fori_loop(0, steps, step, jnp.zeros(scores.shape, jnp.int32))
