"""Convolutions [n, h, w, c] that XLA does slowly on the CPU, in the form that it does fast there.

Elsewhere they are XLA's own. On the CPU a 1x1 convolution is a matrix product, ten times faster in
its weight gradient, and a depthwise one k * k shifted multiply-adds, whose weight gradient is
summed over the images first, in the cache, and over their pixels last.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from paiaa_jax.models.platform import is_xla_cpu
from paiaa_jax.models.windows import shifts, transposed

LAYOUT = ("NHWC", "HWIO", "NHWC")


def convolve(x: Array, weight: Array, strides: Sequence[int], padding: Any, **options) -> Array:
  """`jax.lax.conv_general_dilated` of one group, as flax's nn.Conv calls it."""
  is_product = weight.shape[:2] == (1, 1) and set(strides) == {1} and padding in ("SAME", "VALID")
  if is_product and is_xla_cpu():
    return _product(x, weight[0, 0])
  return jax.lax.conv_general_dilated(x, weight, strides, padding, **options)


Conv = functools.partial(nn.Conv, use_bias=False, conv_general_dilated=convolve)


@jax.custom_vjp
def _product(x: Array, weight: Array) -> Array:
  """[n, h, w, c] and [c, d] -> [n, h, w, d]."""
  return jnp.tensordot(x, weight, axes=1)


def _product_forward(x, weight):
  return _product(x, weight), (x, weight)


def _product_backward(kept, gradient):
  """jax's own gradient to the weight would have XLA write the whole gradient transposed first."""
  x, weight = kept
  inputs, outputs = (array.reshape(-1, array.shape[-1]) for array in (x, gradient))
  to_weight = jax.lax.dot_general(inputs, outputs, (((0,), (0,)), ((), ())))
  return jnp.tensordot(gradient, weight.T, axes=1), to_weight


_product.defvjp(_product_forward, _product_backward)


def depthwise(x: Array, weight: Array, stride: int) -> Array:
  """[n, h, w, c] and [k, k, 1, c], one filter a channel -> [n, h / stride, w / stride, c].

  Padding is TensorFlow's 'SAME'.
  """
  k, _, _, c = weight.shape
  strides = (stride, stride)
  if not is_xla_cpu():
    return jax.lax.conv_general_dilated(
      x, weight, strides, "SAME", dimension_numbers=LAYOUT, feature_group_count=c
    )
  pads = jax.lax.padtype_to_pads(x.shape[1:3], (k, k), strides, "SAME")
  return _shifted(jnp.pad(x, ((0, 0), *pads, (0, 0))), weight.reshape(k * k, 1, 1, 1, c), stride)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def _shifted(x: Array, taps: Array, stride: int) -> Array:
  """The depthwise convolution of a padded x with [k * k, 1, 1, 1, c]."""
  return _multiply_add(x, taps, stride)


def _multiply_add(x, taps, stride):
  shifted = shifts(x, round(len(taps) ** 0.5), stride)
  return sum(part * tap for part, tap in zip(shifted, taps, strict=True))


def _shifted_forward(x, taps, stride):
  return _shifted(x, taps, stride), (x, taps)


def _shifted_backward(stride, kept, gradient):
  x, taps = kept
  to_x = transposed(gradient, taps, stride, x.shape)

  def add_image(i, totals):
    one, its = (jax.lax.dynamic_slice_in_dim(rows, i, 1) for rows in (x, gradient))
    parts = shifts(one, round(len(taps) ** 0.5), stride)
    return [total + part * its for total, part in zip(totals, parts, strict=True)]

  nothing = jnp.zeros((1, *gradient.shape[1:]), jnp.float32)
  totals = jax.lax.fori_loop(0, len(x), add_image, [nothing] * len(taps))
  to_taps = jnp.stack([jnp.sum(total, (0, 1, 2), keepdims=True) for total in totals])
  return to_x, to_taps.astype(taps.dtype)


_shifted.defvjp(_shifted_forward, _shifted_backward)
