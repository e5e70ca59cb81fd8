"""SROCC of many scorings of the same images at once, each on its own held-out images."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from paiaa_jax import metrics
from paiaa_jax.types import Array


class HeldOut(NamedTuple):
  srcc: Array
  constant_scores: Array
  constant_ratings: Array


def held_out_srcc(scores: Array, ratings: Array, held_out: Array) -> HeldOut:
  """scores [u, s, n], ratings [u, n], held_out [u, s, n] bool -> [u, s] each."""

  def constant(values, mask):
    return jnp.max(jnp.where(mask, values, -jnp.inf)) <= jnp.min(jnp.where(mask, values, jnp.inf))

  def one(score, rating, mask):
    return HeldOut(
      metrics.srcc(score, rating, mask), constant(score, mask), constant(rating, mask)
    )

  return jax.vmap(jax.vmap(one, in_axes=(0, None, 0)))(scores, ratings, held_out)
