"""BatchNorm over every axis but the last, with torch's running statistics.

linen's own keeps the biased running variance; torch (and so the weights people have) the unbiased
one, n / (n - 1) of it. Batches are normalised by the biased variance in both.
"""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from jax import Array


class BatchNorm(nn.Module):
  """[..., c] -> [..., c].

  Attributes:
    momentum: share of a new batch in the running statistics, as in torch (linen's is 1 minus it).
    epsilon: added to the variance.
    dtype: of the output; statistics and parameters are float32.
  """

  momentum: float = 0.1
  epsilon: float = 1e-5
  dtype: Any = jnp.float32

  @nn.compact
  def __call__(self, x: Array, *, use_running_average: bool) -> Array:
    c = x.shape[-1]
    scale = self.param("scale", nn.initializers.ones, (c,), jnp.float32)
    bias = self.param("bias", nn.initializers.zeros, (c,), jnp.float32)
    running_mean = self.variable("batch_stats", "mean", jnp.zeros, (c,), jnp.float32)
    running_var = self.variable("batch_stats", "var", jnp.ones, (c,), jnp.float32)
    if use_running_average:
      mean, var = running_mean.value, running_var.value
    else:
      mean, var = self._batch_statistics(x, running_mean, running_var)
    factor = scale / jnp.sqrt(var + self.epsilon)
    shape = (1,) * (x.ndim - 1) + (c,)
    y = x * factor.reshape(shape) + (bias - mean * factor).reshape(shape)
    return y.astype(self.dtype)

  def _batch_statistics(self, x, running_mean, running_var):
    x = x.astype(jnp.float32)
    axes = tuple(range(x.ndim - 1))
    n = x.size // x.shape[-1]
    mean = jnp.mean(x, axes)
    var = jnp.maximum(jnp.mean(jnp.square(x), axes) - jnp.square(mean), 0.0)
    if not self.is_initializing():
      unbiased = var * (n / max(n - 1, 1))
      running_mean.value += self.momentum * (mean - running_mean.value)
      running_var.value += self.momentum * (unbiased - running_var.value)
    return mean, var
