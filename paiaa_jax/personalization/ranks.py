"""SROCC of every user and split at once, on the images held out, ties sharing their mean rank.

Shapes: u users, n images, s splits on the last axis, where they fill a processor's vectors. The
same numbers as `metrics.srcc`, which takes one pair of vectors. A rank is a count of pairs, and two
facts make counting faster here than XLA's sort. Ratings and generic scores are compared once a user
and the answers packed into bits, so that a split's counts are those of the bits that it shares.
And where every split has scores of its own, a pair costs one vector compare and one add.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from paiaa_jax.types import Array

# Comparisons a step of the counting loop: XLA unrolls and vectorises a body of this length, while
# one below 16 reads its operand through an index computed for each element, 10 times slower.
UNROLL = 24
WORD = 32  # bits
FEW = 64  # rows


def subset_ranks(values: Array, subset: Array) -> Array:
  """Mean ranks, from 1, of values [u, n] within each subset [u, n, s]; 0 outside it."""
  padding = -values.shape[1] % WORD
  others = jnp.pad(values, ((0, 0), (0, padding)))[:, :, None]
  below = _pack(others < values[:, None, :])  # [u, words, n]
  up_to = _pack(others <= values[:, None, :])
  member = _pack(jnp.pad(subset, ((0, 0), (0, padding), (0, 0))))  # [u, words, s]
  twice = jnp.int32(1)
  for word in range(member.shape[1]):
    inside = member[:, word, None, :]
    twice = twice + _count_bits(inside & below[:, word, :, None])
    twice = twice + _count_bits(inside & up_to[:, word, :, None])
  return jnp.where(subset, twice / 2, 0)


def ranks(scores: Array, count: Array) -> Array:
  """Mean ranks, from 1, of the first count [u] scores [u, n, s] of each row; 0 beyond."""
  inside = jnp.arange(scores.shape[1])[None, :, None] < count[:, None, None]
  scores = jnp.where(inside, scores, jnp.inf)
  below = jnp.where(inside, _count_pairs(jnp.less, scores).astype(jnp.float32), 0)
  count = count.astype(jnp.float32)
  untied = count * (count - 1) / 2  # what the counts sum to unless scores are equal
  tied = jnp.sum(below, axis=1) != untied[:, None]
  equal = jax.lax.cond(
    jnp.sum(tied) <= FEW,
    lambda: _count_equal_in_few(scores, tied),
    lambda: _count_pairs(jnp.equal, scores),
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


def _pack(mask: Array) -> Array:
  """[u, words * 32, m] bool -> [u, words, m] uint32: 32 neighbours of the middle axis a word."""
  u, n, m = mask.shape
  bit = jnp.left_shift(jnp.uint32(1), jnp.arange(WORD, dtype=jnp.uint32))
  groups = mask.reshape(u, n // WORD, WORD, m)
  return jnp.sum(jnp.where(groups, bit[None, None, :, None], 0), axis=2, dtype=jnp.uint32)


def _count_bits(words: Array) -> Array:
  return jax.lax.population_count(words).astype(jnp.int32)


def _count_equal_in_few(scores: Array, tied: Array) -> Array:
  """_count_pairs(jnp.equal, scores) where at most FEW of the rows tied [u, s] have equal scores.

  Among thousands of rows of float32 some always tie by chance, and counting all again for them
  would double the time.
  """
  user, split = jnp.nonzero(tied, size=FEW, fill_value=0)
  equal = _count_pairs(jnp.equal, scores[user, :, split].T[None])[0]  # [n, FEW]
  return jnp.ones(scores.shape, jnp.int32).at[user, :, split].set(equal.T)


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
