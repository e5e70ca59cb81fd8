"""What the network asks of a backbone: four fields, and how its ImageNet weights want images."""

from __future__ import annotations

from typing import Any, ClassVar

import flax.linen as nn
import jax.numpy as jnp
from jax import checkpoint_policies as policies


def _is_product(primitive: Any, *shapes: Any, **options: Any) -> bool:
  """Whether it is a convolution or a matrix product, as jax.checkpoint asks a policy."""
  has_own_gradient = primitive.name.startswith("custom_vjp_call")  # see models.convolutions
  return has_own_gradient or policies.dots_saveable(primitive, *shapes, **options)


# What the backward pass computes again in each block, by what it keeps of it instead: everything,
# nothing but the block's input, or what is dear to compute.
REMAT = {
  "none": policies.everything_saveable,
  "blocks": policies.nothing_saveable,
  "all_but_products": _is_product,
}


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
    remat: what the backward pass computes again, for memory; a key of REMAT.

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
  remat: str = "none"

  def recomputed(self, block: type[nn.Module], **options: Any) -> type[nn.Module]:
    """The class of a block, whose backward pass computes again what `remat` says."""
    if self.remat == "none":
      return block
    return nn.remat(block, policy=REMAT[self.remat], **options)
