"""DenseNet121: images [n, h, w, 3], normalised -> pooled features [n, 1024] or logits [n, 1000].

Huang et al., CVPR 2017, as torchvision builds it: growth 32, bottlenecks of 4 x 32, blocks of 6,
12, 24 and 16 layers, BN - ReLU - convolution.
"""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from paiaa_jax.models.backbones.base import Backbone
from paiaa_jax.models.convolutions import Conv
from paiaa_jax.models.norm import BatchNorm
from paiaa_jax.models.platform import is_xla_cpu
from paiaa_jax.models.pooling import pool
from paiaa_jax.models.windows import avg_pool, max_pool

LAYERS = (6, 12, 24, 16)
GROWTH = 32
BOTTLENECK = 4 * GROWTH
STEM = 64


@jax.custom_vjp
def _summed_once(x: Array) -> Array:
  """x, the gradient to which is a sum over all later layers.

  XLA's CPU would compute that sum anew for each of its uses.
  """
  return x


def _backward(_, gradient: Array) -> tuple[Array]:
  return (jax.lax.optimization_barrier(gradient) if is_xla_cpu() else gradient,)


_summed_once.defvjp(lambda x: (x, None), _backward)


class DenseLayer(nn.Module):
  """[n, h, w, c] -> its input with GROWTH new channels behind it."""

  dtype: Any = jnp.float32

  @nn.compact
  def __call__(self, x: Array, train: bool) -> Array:
    x = _summed_once(x)
    y = nn.relu(BatchNorm(dtype=self.dtype, name="norm1")(x, use_running_average=not train))
    y = Conv(BOTTLENECK, (1, 1), dtype=self.dtype, name="conv1")(y)
    y = nn.relu(BatchNorm(dtype=self.dtype, name="norm2")(y, use_running_average=not train))
    y = Conv(GROWTH, (3, 3), padding=1, dtype=self.dtype, name="conv2")(y)
    return jnp.concatenate([x, y], axis=-1)


class Transition(nn.Module):
  """Half the channels, half the side."""

  dtype: Any = jnp.float32

  @nn.compact
  def __call__(self, x: Array, train: bool) -> Array:
    x = nn.relu(BatchNorm(dtype=self.dtype, name="norm")(x, use_running_average=not train))
    # the published order is the other way round: both are linear, and this is a quarter of the work
    return Conv(x.shape[-1] // 2, (1, 1), dtype=self.dtype, name="conv")(avg_pool(x, 2, 2))


class DenseNet121(Backbone):
  """See the module. Its levels: the stem, the four blocks and the last BN - ReLU."""

  INPUT_SIZE = 224
  RESIZE = 256
  MEAN = (0.485, 0.456, 0.406)
  STD = (0.229, 0.224, 0.225)
  FEATURES = 1024

  @nn.compact
  def __call__(self, x: Array, *, train: bool = False) -> Array:
    layer = self.recomputed(DenseLayer, static_argnums=(2,))
    x = Conv(STEM, (7, 7), (2, 2), padding=3, dtype=self.dtype, name="stem")(x)
    x = nn.relu(BatchNorm(dtype=self.dtype, name="norm_stem")(x, use_running_average=not train))
    x = max_pool(x, 3, 2, padding=1)
    levels = [x]
    for block, layers in enumerate(LAYERS, start=1):
      for i in range(1, layers + 1):
        x = layer(self.dtype, name=f"block{block}_layer{i}")(x, train)
      levels.append(x)
      if block < len(LAYERS):
        x = Transition(self.dtype, name=f"transition{block}")(x, train)
    x = nn.relu(BatchNorm(dtype=self.dtype, name="norm_last")(x, use_running_average=not train))
    if self.num_classes:
      return nn.Dense(self.num_classes, dtype=self.dtype, name="fc")(pool([x], "gap"))
    return pool([*levels, x], self.pooling)
