"""Local pooling [n, h, w, c] -> [n, h', w', c], over 3 x 3 windows and the like.

On the CPU, XLA's windowed operations are slow, the gradient of the maximum by 10 times, and on a
GPU that gradient is a scatter: there they are written as one shifted, strided slice for each place
in the window, which XLA fuses. A maximum that occurs twice in a window then shares its gradient;
after a ReLU those are zeros, without one.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterator

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from paiaa_jax.models.platform import is_xla_cpu, is_xla_gpu


def max_pool(x: Array, window: int, stride: int, padding: int = 0) -> Array:
  """The largest value of each window; padding is never the largest."""
  pads = ((padding, padding),) * 2
  if not (is_xla_cpu() or is_xla_gpu()):
    return nn.max_pool(x, (window, window), (stride, stride), pads)
  x = jnp.pad(x, ((0, 0), *pads, (0, 0)), constant_values=-jnp.inf)
  return functools.reduce(jnp.maximum, shifts(x, window, stride))


def avg_pool(x: Array, window: int, stride: int, padding: int = 0) -> Array:
  """The mean of each window, padding counted as zeros (torch's default)."""
  pads = ((padding, padding),) * 2
  if not (is_xla_cpu() or is_xla_gpu()):
    return nn.avg_pool(x, (window, window), (stride, stride), pads)
  x = jnp.pad(x, ((0, 0), *pads, (0, 0)))
  return functools.reduce(operator.add, shifts(x, window, stride)) / window**2


def shifts(x: Array, window: int, stride: int) -> Iterator[Array]:
  """For each place in the window, row by row, what lies there in every window: [n, h', w', c]."""
  h, w = ((side - window) // stride * stride + 1 for side in x.shape[1:3])
  for i in range(window):
    for j in range(window):
      yield x[:, i : i + h : stride, j : j + w : stride]
