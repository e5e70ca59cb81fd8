"""ConvNeXt V1 and V2: images [n, h, w, 3], normalised -> features [n, d] or logits [n, 1000].

Liu et al., CVPR 2022, and Woo et al., CVPR 2023, whose blocks have a global response norm in place
of a scale. A 7x7 depthwise convolution is XLA's own here, on the CPU too: written as 49 shifted
slices it would run as fast and compile fifty times longer.
"""

from __future__ import annotations

from typing import Any, ClassVar

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from paiaa_jax.models.backbones.base import Backbone
from paiaa_jax.models.pooling import pool

EPSILON = 1e-6


class GlobalResponseNorm(nn.Module):
  """[n, h, w, c] -> the same, each channel by its norm over space against the other channels'."""

  dtype: Any = jnp.float32

  @nn.compact
  def __call__(self, x: Array) -> Array:
    shape = (1, 1, 1, x.shape[-1])
    scale = self.param("scale", nn.initializers.zeros, shape[-1:], jnp.float32).reshape(shape)
    bias = self.param("bias", nn.initializers.zeros, shape[-1:], jnp.float32).reshape(shape)
    square = jnp.sum(jnp.square(x.astype(jnp.float32)), axis=(1, 2), keepdims=True)
    response = jnp.sqrt(square + 1e-12)  # a gradient where a channel is zero
    relative = response / (jnp.mean(response, axis=-1, keepdims=True) + EPSILON)
    return (x + bias + scale * (x * relative)).astype(self.dtype)


class Block(nn.Module):
  """[n, h, w, c] -> the same, plus depthwise 7x7, norm, and two layers at each place.

  V1 scales what it adds by `layer_scale`, one number a channel; V2 has a GlobalResponseNorm.
  """

  layer_scale: bool
  dtype: Any = jnp.float32

  @nn.compact
  def __call__(self, x: Array) -> Array:
    c = x.shape[-1]
    y = nn.Conv(c, (7, 7), feature_group_count=c, dtype=self.dtype, name="depthwise")(x)
    y = nn.LayerNorm(EPSILON, dtype=self.dtype, name="norm")(y)
    y = nn.gelu(nn.Dense(4 * c, dtype=self.dtype, name="fc1")(y), approximate=False)
    if not self.layer_scale:
      y = GlobalResponseNorm(self.dtype, name="grn")(y)
    y = nn.Dense(c, dtype=self.dtype, name="fc2")(y)
    if self.layer_scale:
      scale = self.param("scale", nn.initializers.constant(1e-6), (c,), jnp.float32)
      y = y * scale.astype(self.dtype).reshape(1, 1, 1, c)
    return x + y


class ConvNeXt(Backbone):
  """See the module. Its levels: the last block of each of the four stages.

  Attributes:
    DEPTHS, WIDTHS: blocks and channels of each stage.
    LAYER_SCALE: True of V1, False of V2.
  """

  INPUT_SIZE = 224
  RESIZE = 256
  INTERPOLATION = "bicubic"
  MEAN = (0.485, 0.456, 0.406)
  STD = (0.229, 0.224, 0.225)
  DEPTHS: ClassVar[tuple[int, ...]]
  WIDTHS: ClassVar[tuple[int, ...]]
  LAYER_SCALE: ClassVar[bool]

  @nn.compact
  def __call__(self, x: Array, *, train: bool = False) -> Array:
    del train  # nothing here differs in training

    def norm(name):
      return nn.LayerNorm(EPSILON, dtype=self.dtype, name=name)

    def conv(stage, side, name):
      width = self.WIDTHS[stage]
      return nn.Conv(width, (side, side), side, "VALID", dtype=self.dtype, name=name)

    block = self.recomputed(Block)
    x = norm("norm_stem")(conv(0, 4, "stem")(x))
    levels = []
    for stage, depth in enumerate(self.DEPTHS):
      if stage:
        x = conv(stage, 2, f"down{stage}")(norm(f"norm_down{stage}")(x))
      for i in range(depth):
        x = block(self.LAYER_SCALE, self.dtype, name=f"stage{stage}_block{i}")(x)
      levels.append(x)
    pooled = norm("norm_last")(pool(levels, "gap"))
    if self.num_classes:
      return nn.Dense(self.num_classes, dtype=self.dtype, name="fc")(pooled)
    return pooled if self.pooling == "gap" else pool(levels, self.pooling)


class ConvNeXtV1(ConvNeXt):
  """With a scale on what each block adds."""

  LAYER_SCALE = True


class ConvNeXtV2(ConvNeXt):
  """With a global response norm in each block."""

  LAYER_SCALE = False


class ConvNeXtTiny(ConvNeXtV1):
  """ConvNeXt Tiny."""

  DEPTHS, WIDTHS, FEATURES = (3, 3, 9, 3), (96, 192, 384, 768), 768


class ConvNeXtSmall(ConvNeXtV1):
  """ConvNeXt Small."""

  DEPTHS, WIDTHS, FEATURES = (3, 3, 27, 3), (96, 192, 384, 768), 768


class ConvNeXtBase(ConvNeXtV1):
  """ConvNeXt Base."""

  DEPTHS, WIDTHS, FEATURES = (3, 3, 27, 3), (128, 256, 512, 1024), 1024


class ConvNeXtV2Atto(ConvNeXtV2):
  """ConvNeXt V2 Atto."""

  DEPTHS, WIDTHS, FEATURES = (2, 2, 6, 2), (40, 80, 160, 320), 320


class ConvNeXtV2Nano(ConvNeXtV2):
  """ConvNeXt V2 Nano."""

  DEPTHS, WIDTHS, FEATURES = (2, 2, 8, 2), (80, 160, 320, 640), 640


class ConvNeXtV2Tiny(ConvNeXtV2):
  """ConvNeXt V2 Tiny."""

  DEPTHS, WIDTHS, FEATURES = (3, 3, 9, 3), (96, 192, 384, 768), 768


class ConvNeXtV2Base(ConvNeXtV2):
  """ConvNeXt V2 Base."""

  DEPTHS, WIDTHS, FEATURES = (3, 3, 27, 3), (128, 256, 512, 1024), 1024
