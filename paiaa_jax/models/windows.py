"""Local pooling [n, h, w, c] -> [n, h', w', c], over 3 x 3 windows and the like.

On the CPU, XLA's windowed operations are slow, the gradient of the maximum by 10 times, and on a
GPU that gradient is a scatter: there they are written as one shifted, strided slice for each place
in the window, which XLA fuses. A maximum that occurs twice in a window then shares its gradient.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterator, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from paiaa_jax.models.platform import is_xla_cpu, is_xla_gpu


def max_pool(x: Array, window: int, stride: int, padding: int = 0) -> Array:
  """The largest value of each window; padding is never the largest."""
  pads = ((padding, padding),) * 2
  if not (is_xla_cpu() or is_xla_gpu()):
    return nn.max_pool(x, (window, window), (stride, stride), pads)
  x = jnp.pad(x, ((0, 0), *pads, (0, 0)), constant_values=-jnp.inf)
  return _largest(x, window, stride)


@functools.partial(jax.custom_vjp, nondiff_argnums=(1, 2))
def _largest(x: Array, window: int, stride: int) -> Array:
  return functools.reduce(jnp.maximum, shifts(x, window, stride))


def _largest_forward(x, window, stride):
  largest = _largest(x, window, stride)
  return largest, (x, largest)


def _largest_backward(window, stride, kept, gradient):
  """By comparison with the maximum; through the chain of maxima XLA would compute it anew."""
  x, largest = kept
  parts, to_x = jax.vjp(lambda x: list(shifts(x, window, stride)), x)
  hits = [part == largest for part in parts]
  share = gradient / sum(hit.astype(gradient.dtype) for hit in hits)
  return to_x([jnp.where(hit, share, 0) for hit in hits])


_largest.defvjp(_largest_forward, _largest_backward)


def avg_pool(x: Array, window: int, stride: int, padding: int = 0) -> Array:
  """The mean of each window, padding counted as zeros (torch's default)."""
  pads = ((padding, padding),) * 2
  if not (is_xla_cpu() or is_xla_gpu()):
    return nn.avg_pool(x, (window, window), (stride, stride), pads)
  return _mean(jnp.pad(x, ((0, 0), *pads, (0, 0))), window, stride)


@functools.partial(jax.custom_vjp, nondiff_argnums=(1, 2))
def _mean(x: Array, window: int, stride: int) -> Array:
  return functools.reduce(operator.add, shifts(x, window, stride)) / window**2


def _mean_forward(x, window, stride):
  return _mean(x, window, stride), x


def _mean_backward(window, stride, x, gradient):
  return (transposed(gradient / window**2, [1.0] * window**2, stride, x.shape),)


_mean.defvjp(_mean_forward, _mean_backward)


def shifts(x: Array, window: int, stride: int) -> Iterator[Array]:
  """For each place in the window, row by row, what lies there in every window: [n, h', w', c]."""
  h, w = ((side - window) // stride * stride + 1 for side in x.shape[1:3])
  for i in range(window):
    for j in range(window):
      yield x[:, i : i + h : stride, j : j + w : stride]


def transposed(gradient: Array, taps: Sequence[Any], stride: int, shape: tuple[int, ...]) -> Array:
  """What the gradient to sum(tap * shift of x), [n, h', w', c], is to x, [n, h, w, c].

  Row stride * q + a of x is row stride * i + a of the window q - i. So the rows of each a, and the
  columns likewise, are a convolution of their own.
  """
  window, (_, h, w, c) = round(len(taps) ** 0.5), shape
  reach, rows, columns = (-(-length // stride) for length in (window, h, w))
  _, has_rows, has_columns, _ = gradient.shape
  pads = ((reach - 1, rows - has_rows), (reach - 1, columns - has_columns))
  parts = list(shifts(jnp.pad(gradient, ((0, 0), *pads, (0, 0))), reach, 1))[::-1]
  places = [(i, j) for i in range(0, window, stride) for j in range(0, window, stride)]

  def of(a: int, b: int) -> Array:
    return sum(
      part * taps[(i + a) * window + j + b]
      for part, (i, j) in zip(parts, places, strict=True)
      if i + a < window and j + b < window
    )

  lines = [jnp.stack([of(a, b) for b in range(stride)], axis=3) for a in range(stride)]
  whole = jnp.stack(lines, axis=2).reshape(-1, rows * stride, columns * stride, c)
  return whole[:, :h, :w]
