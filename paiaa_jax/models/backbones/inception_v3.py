"""Inception-v3: images [n, h, w, 3], normalised -> pooled features [n, 2048] or logits [n, 1000].

Szegedy et al., CVPR 2016, as torchvision builds it, without the auxiliary head. BN's epsilon is
1e-3, and average pooling counts its padding (torch's default; Keras's weights want the other).
Where a 1x1 convolution follows an average, the average is taken after it, of a quarter of the
channels: both are linear, so nothing but rounding changes.
"""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from paiaa_jax.models import convolutions
from paiaa_jax.models.backbones.base import Backbone
from paiaa_jax.models.norm import BatchNorm
from paiaa_jax.models.pooling import pool
from paiaa_jax.models.windows import avg_pool, max_pool


class Conv(nn.Module):
  """Convolution (- mean of 3 x 3) - BN - ReLU. Padding is 'VALID' unless given, as torch's 0."""

  channels: int
  kernel: tuple[int, int] = (1, 1)
  stride: int = 1
  padding: Any = "VALID"
  average: bool = False
  dtype: Any = jnp.float32

  @nn.compact
  def __call__(self, x: Array, train: bool) -> Array:
    x = convolutions.Conv(
      self.channels,
      self.kernel,
      (self.stride, self.stride),
      self.padding,
      dtype=self.dtype,
      name="conv",
    )(x)
    if self.average:
      x = avg_pool(x, 3, 1, padding=1)
    norm = BatchNorm(epsilon=1e-3, dtype=self.dtype, name="bn")
    return nn.relu(norm(x, use_running_average=not train))


class Branches(nn.Module):
  """Base of the blocks: `conv` names and makes a Conv; 3 x 3 pools."""

  dtype: Any = jnp.float32

  def conv(self, x, train, name, channels, kernel=(1, 1), stride=1, padding="SAME"):
    """Convolution, BN and ReLU under a name of their own."""
    return Conv(channels, kernel, stride, padding, dtype=self.dtype, name=name)(x, train)

  def average(self, x, train, channels):
    """The pool branch: mean of 3 x 3 windows, height and width stay, and a 1x1 convolution."""
    return Conv(channels, average=True, dtype=self.dtype, name="branch_pool")(x, train)

  @staticmethod
  def shrink(x: Array) -> Array:
    """Maximum of 3 x 3 windows, two pixels apart."""
    return max_pool(x, 3, 2)


class InceptionA(Branches):
  """35 x 35: 1x1, 5x5, double 3x3 and pool branches."""

  pool_channels: int = 32

  @nn.compact
  def __call__(self, x: Array, train: bool) -> Array:
    one = self.conv(x, train, "branch1x1", 64)
    five = self.conv(x, train, "branch5x5_1", 48)
    five = self.conv(five, train, "branch5x5_2", 64, (5, 5))
    double = self.conv(x, train, "branch3x3dbl_1", 64)
    double = self.conv(double, train, "branch3x3dbl_2", 96, (3, 3))
    double = self.conv(double, train, "branch3x3dbl_3", 96, (3, 3))
    pooled = self.average(x, train, self.pool_channels)
    return jnp.concatenate([one, five, double, pooled], axis=-1)


class InceptionB(Branches):
  """35 x 35 -> 17 x 17."""

  @nn.compact
  def __call__(self, x: Array, train: bool) -> Array:
    three = self.conv(x, train, "branch3x3", 384, (3, 3), 2, "VALID")
    double = self.conv(x, train, "branch3x3dbl_1", 64)
    double = self.conv(double, train, "branch3x3dbl_2", 96, (3, 3))
    double = self.conv(double, train, "branch3x3dbl_3", 96, (3, 3), 2, "VALID")
    return jnp.concatenate([three, double, self.shrink(x)], axis=-1)


class InceptionC(Branches):
  """17 x 17: 7 x 7 factored into 1 x 7 and 7 x 1."""

  channels: int = 128

  @nn.compact
  def __call__(self, x: Array, train: bool) -> Array:
    c, row, column = self.channels, (1, 7), (7, 1)
    one = self.conv(x, train, "branch1x1", 192)
    seven = self.conv(x, train, "branch7x7_1", c)
    seven = self.conv(seven, train, "branch7x7_2", c, row)
    seven = self.conv(seven, train, "branch7x7_3", 192, column)
    double = self.conv(x, train, "branch7x7dbl_1", c)
    double = self.conv(double, train, "branch7x7dbl_2", c, column)
    double = self.conv(double, train, "branch7x7dbl_3", c, row)
    double = self.conv(double, train, "branch7x7dbl_4", c, column)
    double = self.conv(double, train, "branch7x7dbl_5", 192, row)
    pooled = self.average(x, train, 192)
    return jnp.concatenate([one, seven, double, pooled], axis=-1)


class InceptionD(Branches):
  """17 x 17 -> 8 x 8."""

  @nn.compact
  def __call__(self, x: Array, train: bool) -> Array:
    three = self.conv(x, train, "branch3x3_1", 192)
    three = self.conv(three, train, "branch3x3_2", 320, (3, 3), 2, "VALID")
    seven = self.conv(x, train, "branch7x7x3_1", 192)
    seven = self.conv(seven, train, "branch7x7x3_2", 192, (1, 7))
    seven = self.conv(seven, train, "branch7x7x3_3", 192, (7, 1))
    seven = self.conv(seven, train, "branch7x7x3_4", 192, (3, 3), 2, "VALID")
    return jnp.concatenate([three, seven, self.shrink(x)], axis=-1)


class InceptionE(Branches):
  """8 x 8: branches that part into 1 x 3 and 3 x 1."""

  @nn.compact
  def __call__(self, x: Array, train: bool) -> Array:
    one = self.conv(x, train, "branch1x1", 320)
    three = self.conv(x, train, "branch3x3_1", 384)
    three = [
      self.conv(three, train, "branch3x3_2a", 384, (1, 3)),
      self.conv(three, train, "branch3x3_2b", 384, (3, 1)),
    ]
    double = self.conv(x, train, "branch3x3dbl_1", 448)
    double = self.conv(double, train, "branch3x3dbl_2", 384, (3, 3))
    double = [
      self.conv(double, train, "branch3x3dbl_3a", 384, (1, 3)),
      self.conv(double, train, "branch3x3dbl_3b", 384, (3, 1)),
    ]
    pooled = self.average(x, train, 192)
    return jnp.concatenate([one, *three, *double, pooled], axis=-1)


class InceptionV3(Backbone):
  """See the module. Its levels: the stem's two ends and the last block at each size."""

  INPUT_SIZE = 299
  RESIZE = 350
  MEAN = (0.5, 0.5, 0.5)
  STD = (0.5, 0.5, 0.5)
  FEATURES = 2048

  @nn.compact
  def __call__(self, x: Array, *, train: bool = False) -> Array:
    def block(kind, name, **fields):
      kind = self.recomputed(kind, static_argnums=(2,))
      return lambda y: kind(dtype=self.dtype, name=name, **fields)(y, train)

    def conv(y, name, channels, kernel, stride=1, padding="VALID"):
      return Conv(channels, (kernel, kernel), stride, padding, dtype=self.dtype, name=name)(
        y, train
      )

    x = conv(x, "Conv2d_1a_3x3", 32, 3, 2)
    x = conv(x, "Conv2d_2a_3x3", 32, 3)
    x = conv(x, "Conv2d_2b_3x3", 64, 3, padding="SAME")
    levels = [x]
    x = max_pool(x, 3, 2)
    x = conv(x, "Conv2d_3b_1x1", 80, 1)
    x = conv(x, "Conv2d_4a_3x3", 192, 3)
    levels.append(x)
    x = max_pool(x, 3, 2)
    for letter, channels in zip("bcd", (32, 64, 64), strict=True):
      x = block(InceptionA, f"Mixed_5{letter}", pool_channels=channels)(x)
    levels.append(x)
    x = block(InceptionB, "Mixed_6a")(x)
    for letter, channels in zip("bcde", (128, 160, 160, 192), strict=True):
      x = block(InceptionC, f"Mixed_6{letter}", channels=channels)(x)
    levels.append(x)
    x = block(InceptionD, "Mixed_7a")(x)
    levels.append(x)
    for letter in "bc":
      x = block(InceptionE, f"Mixed_7{letter}")(x)
    levels.append(x)
    if self.num_classes:
      return nn.Dense(self.num_classes, dtype=self.dtype, name="fc")(pool([x], "gap"))
    return pool(levels, self.pooling)
