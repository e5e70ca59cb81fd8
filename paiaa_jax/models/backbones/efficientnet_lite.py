"""EfficientNet-Lite: images [n, h, w, 3], normalised -> features [n, 1280] or logits [n, 1000].

Tan and Le's EfficientNets without squeeze-and-excitation and with ReLU6; 0, 1 and 2 are of the
depths and widths of B0, B1 and B2, but for the stem, the head and the number of blocks of the first
and the last stage, which are B0's. Padding is TensorFlow's 'SAME' and normalisation (x - 127) /
128, as in the network that the published weights were trained in.
"""

from __future__ import annotations

from typing import Any, ClassVar

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from paiaa_jax.models.backbones.base import Backbone
from paiaa_jax.models.convolutions import Conv, depthwise
from paiaa_jax.models.norm import BatchNorm
from paiaa_jax.models.pooling import pool

# (kernel, stride of the first block, expansion)
STAGES = ((3, 1, 1), (3, 2, 6), (5, 2, 6), (3, 2, 6), (5, 1, 6), (5, 2, 6), (3, 1, 6))


def relu6(x: Array) -> Array:
  """Values below 0 become 0, those above 6 become 6."""
  return jnp.clip(x, 0.0, 6.0)


class Depthwise(nn.Module):
  """One k x k filter a channel, [n, h, w, c] -> [n, h / stride, w / stride, c]."""

  kernel: int
  stride: int
  dtype: Any = jnp.float32

  @nn.compact
  def __call__(self, x: Array) -> Array:
    shape = (self.kernel, self.kernel, 1, x.shape[-1])
    init = nn.initializers.variance_scaling(2.0, "fan_out", "normal")
    weight = self.param("kernel", init, shape, jnp.float32)
    return depthwise(x, weight.astype(self.dtype), self.stride)


class Block(nn.Module):
  """Expand 1x1, depthwise, project 1x1; added to its input where the shapes allow."""

  channels: int
  kernel: int
  stride: int
  expansion: int
  dtype: Any = jnp.float32

  @nn.compact
  def __call__(self, x: Array, train: bool) -> Array:
    def norm(name):
      return BatchNorm(momentum=0.01, epsilon=1e-3, dtype=self.dtype, name=name)

    y = x
    if self.expansion != 1:
      y = Conv(x.shape[-1] * self.expansion, (1, 1), dtype=self.dtype, name="expand")(y)
      y = relu6(norm("norm_expand")(y, use_running_average=not train))
    y = Depthwise(self.kernel, self.stride, self.dtype, name="depthwise")(y)
    y = relu6(norm("norm_depthwise")(y, use_running_average=not train))
    y = Conv(self.channels, (1, 1), dtype=self.dtype, name="project")(y)
    y = norm("norm_project")(y, use_running_average=not train)
    return x + y if x.shape == y.shape else y


class EfficientNetLite(Backbone):
  """See the module. Its levels: each stage's last layer and the head's.

  Attributes:
    BLOCKS, CHANNELS: of each stage.
  """

  BLOCKS: ClassVar[tuple[int, ...]]
  CHANNELS: ClassVar[tuple[int, ...]]
  MEAN = (127 / 255,) * 3
  STD = (128 / 255,) * 3
  FEATURES = 1280

  @nn.compact
  def __call__(self, x: Array, *, train: bool = False) -> Array:
    def norm(name):
      return BatchNorm(momentum=0.01, epsilon=1e-3, dtype=self.dtype, name=name)

    block = self.recomputed(Block, static_argnums=(2,))
    x = Conv(32, (3, 3), (2, 2), dtype=self.dtype, name="stem")(x)
    x = relu6(norm("norm_stem")(x, use_running_average=not train))
    levels, index = [], 0
    for stage, blocks, channels in zip(STAGES, self.BLOCKS, self.CHANNELS, strict=True):
      kernel, stride, expansion = stage
      for i in range(blocks):
        step = stride if i == 0 else 1
        x = block(channels, kernel, step, expansion, self.dtype, name=f"block{index}")(x, train)
        index += 1
      levels.append(x)
    x = Conv(self.FEATURES, (1, 1), dtype=self.dtype, name="head")(x)
    x = relu6(norm("norm_head")(x, use_running_average=not train))
    if self.num_classes:
      return nn.Dense(self.num_classes, dtype=self.dtype, name="fc")(jnp.mean(x, (1, 2)))
    return pool([*levels, x], self.pooling)


class EfficientNetLite0(EfficientNetLite):
  """For 224 pixels."""

  INPUT_SIZE, RESIZE = 224, 256
  BLOCKS = (1, 2, 2, 3, 3, 4, 1)
  CHANNELS = (16, 24, 40, 80, 112, 192, 320)


class EfficientNetLite1(EfficientNetLite):
  """For 240 pixels."""

  INPUT_SIZE, RESIZE = 240, 272
  BLOCKS = (1, 3, 3, 4, 4, 5, 1)
  CHANNELS = EfficientNetLite0.CHANNELS


class EfficientNetLite2(EfficientNetLite):
  """For 260 pixels."""

  INPUT_SIZE, RESIZE = 260, 292
  BLOCKS = EfficientNetLite1.BLOCKS
  CHANNELS = (16, 24, 48, 88, 120, 208, 352)
