"""Losses for one image each: [n, b] or [n, k] in, [n] out. Only `masked_mean` reduces.

A label may be absent (AVA has no traits, PsychoFlickr no scores); the caller masks its row. Shapes
that differ are a ValueError. Equations are those of Zhu et al., IEEE TIP 29, 2020.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from paiaa_jax.types import Array


def distribution_mse(predicted: Array, target: Array) -> jax.Array:
  """L_a of each image (Eq. 2), the mean squared difference: [n, b], [n, b] -> [n] in [0, 1].

  Example:
    >>> losses.distribution_mse(jnp.array([[0.5, 0.5]]), jnp.array([[1.0, 0.0]])).tolist()
    [0.25]
  """
  _check_same_shape(predicted, target)
  return jnp.mean(jnp.square(predicted - target), axis=-1)


def distribution_emd(predicted: Array, target: Array) -> jax.Array:
  """Earth mover's distance, r = 2 (Eq. 11, as NIMA trains): [n, b], [n, b] -> [n] in [0, 1].

  The root of the mean squared difference of the cumulative distributions. Its gradient at a
  perfect prediction is taken as 0.

  Example:
    >>> losses.distribution_emd(jnp.eye(4)[:1], jnp.eye(4)[1:2]).tolist()
    [0.5]
  """
  _check_same_shape(predicted, target)
  gap = jnp.cumsum(predicted - target, axis=-1)
  squared = jnp.mean(jnp.square(gap), axis=-1)
  positive = squared > 0
  return jnp.where(positive, jnp.sqrt(jnp.where(positive, squared, 1.0)), 0.0)


def distribution_emd_r1(predicted: Array, target: Array) -> jax.Array:
  """Earth mover's distance, r = 1: [n, b], [n, b] -> [n] in [0, 1].

  The mean absolute difference of the cumulative distributions: how far a share of the ratings has
  to move, over b buckets.

  Example:
    >>> losses.distribution_emd_r1(jnp.eye(4)[:1], jnp.eye(4)[1:2]).tolist()
    [0.25]
  """
  _check_same_shape(predicted, target)
  return jnp.mean(jnp.abs(jnp.cumsum(predicted - target, axis=-1)), axis=-1)


def aux_mse(predicted: Array, target: Array) -> jax.Array:
  """L_p of each image (Eq. 5), the mean squared difference: [n, k], [n, k] -> [n].

  Example:
    >>> losses.aux_mse(jnp.array([[0.5, -1.0]]), jnp.zeros((1, 2))).tolist()
    [0.625]
  """
  _check_same_shape(predicted, target)
  return jnp.mean(jnp.square(predicted - target), axis=-1)


def masked_mean(values: Array, mask: Array) -> jax.Array:
  """Mean of values [n] weighted by mask [n], 1 or 0 as a rule; 0 where all weights are.

  A NaN whose weight is 0 does not pass.

  Example:
    >>> float(losses.masked_mean(jnp.array([1.0, 3.0, jnp.nan]), jnp.array([1, 1, 0])))
    2.0
  """
  total, weight = jnp.sum(jnp.where(mask > 0, values * mask, 0.0)), jnp.sum(mask)
  return total / jnp.where(weight > 0, weight, 1.0)


DISTRIBUTION_LOSSES = {
  "mse": distribution_mse,
  "emd": distribution_emd,
  "emd_r1": distribution_emd_r1,
}


def _check_same_shape(predicted: Array, target: Array) -> None:
  if predicted.shape != target.shape:
    raise ValueError(f"predicted has shape {predicted.shape}, target {target.shape}: not the same.")
