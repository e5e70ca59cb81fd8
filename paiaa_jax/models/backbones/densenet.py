"""DenseNet121: images [n, h, w, 3], normalised -> pooled features [n, 1024] or logits [n, 1000].

Huang et al., CVPR 2017, as torchvision builds it: growth 32, bottlenecks of 4 x 32, blocks of 6,
12, 24 and 16 layers, BN - ReLU - convolution.
"""

from __future__ import annotations

from typing import Any, ClassVar

import flax.linen as nn
import jax.numpy as jnp

from paiaa_jax.models.norm import BatchNorm
from paiaa_jax.models.pooling import pool
from paiaa_jax.models.windows import avg_pool, max_pool
from paiaa_jax.types import Array

LAYERS = (6, 12, 24, 16)
GROWTH = 32
BOTTLENECK = 4 * GROWTH
STEM = 64


class DenseLayer(nn.Module):
  """[n, h, w, c] -> its input with GROWTH new channels behind it."""

  dtype: Any = jnp.float32

  @nn.compact
  def __call__(self, x: Array, train: bool) -> Array:
    y = nn.relu(BatchNorm(dtype=self.dtype, name="norm1")(x, use_running_average=not train))
    y = nn.Conv(BOTTLENECK, (1, 1), use_bias=False, dtype=self.dtype, name="conv1")(y)
    y = nn.relu(BatchNorm(dtype=self.dtype, name="norm2")(y, use_running_average=not train))
    y = nn.Conv(GROWTH, (3, 3), padding=1, use_bias=False, dtype=self.dtype, name="conv2")(y)
    return jnp.concatenate([x, y], axis=-1)


class Transition(nn.Module):
  """Half the channels, half the side."""

  dtype: Any = jnp.float32

  @nn.compact
  def __call__(self, x: Array, train: bool) -> Array:
    x = nn.relu(BatchNorm(dtype=self.dtype, name="norm")(x, use_running_average=not train))
    x = nn.Conv(x.shape[-1] // 2, (1, 1), use_bias=False, dtype=self.dtype, name="conv")(x)
    return avg_pool(x, 2, 2)


class DenseNet121(nn.Module):
  """See the module.

  Attributes:
    num_classes: 1000 for ImageNet logits, 0 for pooled features.
    pooling: see models.pooling; the levels are the stem, the four blocks and the last BN - ReLU.
    dtype: of the computation.
    remat: recompute each layer in the backward pass.
  """

  INPUT_SIZE: ClassVar[int] = 224
  RESIZE: ClassVar[int] = 256
  MEAN: ClassVar[tuple[float, ...]] = (0.485, 0.456, 0.406)
  STD: ClassVar[tuple[float, ...]] = (0.229, 0.224, 0.225)
  FEATURES: ClassVar[int] = 1024

  num_classes: int = 0
  pooling: str = "gap"
  dtype: Any = jnp.float32
  remat: bool = False

  @nn.compact
  def __call__(self, x: Array, *, train: bool = False) -> Array:
    layer = nn.remat(DenseLayer, static_argnums=(2,)) if self.remat else DenseLayer
    x = nn.Conv(STEM, (7, 7), (2, 2), padding=3, use_bias=False, dtype=self.dtype, name="stem")(x)
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
