"""Losses for one image each: [n, b] or [n, k] in, [n] out. Only `masked_mean` reduces.

A label may be absent (AVA has no traits, PsychoFlickr no scores); the caller masks its row.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from paiaa_jax.types import Array


def distribution_mse(predicted: Array, target: Array) -> jax.Array:
  """L_a of each image (Eq. 2), the mean squared difference: [n, b], [n, b] -> [n]."""
  _check_same_shape(predicted, target)
  return jnp.mean(jnp.square(predicted - target), axis=-1)


def distribution_emd(predicted: Array, target: Array) -> jax.Array:
  """Earth mover's distance, r = 2 (Eq. 11, as NIMA trains): [n, b], [n, b] -> [n].

  The root of the mean squared difference of the cumulative distributions. Its gradient at a
  perfect prediction is taken as 0.
  """
  _check_same_shape(predicted, target)
  gap = jnp.cumsum(predicted - target, axis=-1)
  squared = jnp.mean(jnp.square(gap), axis=-1)
  positive = squared > 0
  return jnp.where(positive, jnp.sqrt(jnp.where(positive, squared, 1.0)), 0.0)


def aux_mse(predicted: Array, target: Array) -> jax.Array:
  """L_p of each image (Eq. 5), the mean squared difference: [n, k], [n, k] -> [n]."""
  _check_same_shape(predicted, target)
  return jnp.mean(jnp.square(predicted - target), axis=-1)


def masked_mean(values: Array, mask: Array) -> jax.Array:
  """Mean of values [n] where mask [n] is 1; 0 where nothing is. A masked NaN does not pass."""
  total = jnp.sum(jnp.where(mask > 0, values, 0.0))
  return total / jnp.maximum(jnp.sum(mask), 1.0)


DISTRIBUTION_LOSSES = {"mse": distribution_mse, "emd": distribution_emd}


def _check_same_shape(predicted: Array, target: Array) -> None:
  if predicted.shape != target.shape:
    raise ValueError(f"predicted has shape {predicted.shape}, target {target.shape}: not the same.")
