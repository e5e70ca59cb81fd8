"""What the network asks of a backbone: four fields, and how its ImageNet weights want images."""

from __future__ import annotations

from typing import Any, ClassVar

import flax.linen as nn
import jax.numpy as jnp


class Backbone(nn.Module):
  """Images [n, h, w, 3], normalised by MEAN and STD -> features [n, d] or logits [n, num_classes].

  Attributes:
    INPUT_SIZE: pixels of a side of the images that it was trained on.
    RESIZE: pixels of the shorter side from whose middle those were cut.
    CROPPED: False where the whole image was resized to INPUT_SIZE, its shape left aside.
    INTERPOLATION: "bilinear" or "bicubic", by which they were resized.
    MEAN, STD: of each RGB channel, for values in [0, 1].
    FEATURES: d where pooling is "gap".
    CLASSIFIER: whether its weights come with a classifier of ImageNet.
    num_classes: 1000 for ImageNet logits, 0 for pooled features.
    pooling: see models.pooling; each backbone says which layers are its levels.
    dtype: of the computation.
    remat: recompute each block in the backward pass, for memory.

  Example:
    >>> models.BACKBONES["densenet121"].FEATURES, models.BACKBONES["densenet121"].INPUT_SIZE
    (1024, 224)
  """

  INPUT_SIZE: ClassVar[int]
  RESIZE: ClassVar[int]
  MEAN: ClassVar[tuple[float, ...]]
  STD: ClassVar[tuple[float, ...]]
  FEATURES: ClassVar[int]
  CROPPED: ClassVar[bool] = True
  INTERPOLATION: ClassVar[str] = "bilinear"
  CLASSIFIER: ClassVar[bool] = True

  num_classes: int = 0
  pooling: str = "gap"
  dtype: Any = jnp.float32
  remat: bool = False
