"""The multi-task network: images [n, h, w, 3] -> distribution [n, b], auxiliary [n, k], features.

One backbone, two heads (Fig. 3 of the paper). Parameters: {"backbone", "aesthetics", "auxiliary"}.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from paiaa_jax.errors import UserError
from paiaa_jax.models.backbones import convnext, efficientnet_lite, vit
from paiaa_jax.models.backbones.base import Backbone
from paiaa_jax.models.backbones.densenet import DenseNet121
from paiaa_jax.models.backbones.inception_v3 import InceptionV3
from paiaa_jax.models.heads import Head
from paiaa_jax.models.norm import BatchNorm
from paiaa_jax.types import TRAITS, Array, Prediction

BACKBONES: dict[str, type[Backbone]] = {
  "inception_v3": InceptionV3,
  "densenet121": DenseNet121,
  "efficientnet_lite0": efficientnet_lite.EfficientNetLite0,
  "efficientnet_lite1": efficientnet_lite.EfficientNetLite1,
  "efficientnet_lite2": efficientnet_lite.EfficientNetLite2,
  "convnext_tiny": convnext.ConvNeXtTiny,
  "convnext_small": convnext.ConvNeXtSmall,
  "convnext_base": convnext.ConvNeXtBase,
  "convnextv2_atto": convnext.ConvNeXtV2Atto,
  "convnextv2_nano": convnext.ConvNeXtV2Nano,
  "convnextv2_tiny": convnext.ConvNeXtV2Tiny,
  "convnextv2_base": convnext.ConvNeXtV2Base,
  "dinov2_vit_s14": vit.DINOv2S14,
  "dinov2_vit_b14": vit.DINOv2B14,
  "dinov2_vit_l14": vit.DINOv2L14,
  "clip_vit_b32": vit.CLIPB32,
  "clip_vit_b16": vit.CLIPB16,
  "clip_vit_l14": vit.CLIPL14,
  "siglip_vit_b16": vit.SigLIPB16,
}
# What products and activations are computed in. Parameters, statistics of normalisation, pooled
# features, outputs, losses and the optimiser are float32 in either.
DTYPES = {"float32": jnp.float32, "bfloat16": jnp.bfloat16}
IMAGENET_CLASSES = 1000


def backbone_class(name: str) -> type[Backbone]:
  """The linen module of that name; an unknown name is a ValueError that lists the known ones."""
  if name not in BACKBONES:
    raise UserError(f"unknown backbone {name!r}; model.backbone is one of {', '.join(BACKBONES)}.")
  return BACKBONES[name]


def normalize(image: Array, mean: tuple[float, ...], std: tuple[float, ...]) -> Array:
  """uint8 RGB [n, h, w, 3] -> float32, (image / 255 - mean) / std channel by channel."""
  scale = 1.0 / (255.0 * jnp.asarray(std, jnp.float32))
  shift = jnp.asarray(mean, jnp.float32) / jnp.asarray(std, jnp.float32)
  shape = (1,) * (image.ndim - 1) + (-1,)
  return image.astype(jnp.float32) * scale.reshape(shape) - shift.reshape(shape)


class Network(nn.Module):
  """PA_IAA's first stage.

  Attributes:
    backbone: a key of BACKBONES.
    num_buckets: b, 10 for AVA (scores 1..10), 5 for FLICKR-AES.
    aux_names: the k auxiliary outputs, the five traits by default.
    aux_activation: "tanh" for traits; "softmax" where the auxiliary task is a distribution
      (MT_IAA's ten AVA buckets).
    head_input: "pooled", the paper's, or "logits": the backbone's 1000 ImageNet logits, as the
      authors' released scripts read them.
    head_widths, head_dropout: see heads.Head.
    head_init: heads.Head's `initialisation`; of no account once there are weights.
    freeze_backbone: the backbone stays in evaluation mode in training, and no gradient enters it.
    aux_final_norm: BN before the auxiliary head's tanh (the released scripts).
    pooling: "gap", the paper's, or "multi_level": see the backbones.
    dtype: name of the computation's type, a key of DTYPES.
    remat: what the backward pass computes again, for memory; a key of backbones.base.REMAT.

  Raises:
    ValueError: an unknown backbone or activation, when the network is applied.

  Example:
    >>> network = models.Network("efficientnet_lite0", num_buckets=10)
    >>> image = jnp.zeros((2, 64, 64, 3), jnp.uint8)
    >>> told, _ = jax.eval_shape(network.init_with_output, jax.random.key(0), image)
    >>> told.distribution.shape, told.aux.shape, told.features.shape
    ((2, 10), (2, 5), (2, 1280))
  """

  backbone: str
  num_buckets: int
  aux_names: tuple[str, ...] = TRAITS
  aux_activation: str = "tanh"
  head_input: str = "pooled"
  head_widths: tuple[int, ...] = (1024, 512)
  head_dropout: float = 0.5
  head_init: str = "flat"
  freeze_backbone: bool = False
  aux_final_norm: bool = False
  pooling: str = "gap"
  dtype: str = "float32"
  remat: str = "none"

  if TYPE_CHECKING:  # linen hashes a module by its fields, which a type checker does not see

    def __hash__(self) -> int: ...

  @nn.compact
  def __call__(self, image: Array, *, train: bool = False) -> Prediction:
    backbone = backbone_class(self.backbone)
    dtype: Any = DTYPES[self.dtype]
    features = backbone(
      num_classes=IMAGENET_CLASSES if self.head_input == "logits" else 0,
      pooling=self.pooling,
      dtype=dtype,
      remat=self.remat,
      name="backbone",
    )(normalize(image, backbone.MEAN, backbone.STD), train=train and not self.freeze_backbone)
    if self.freeze_backbone:
      features = jax.lax.stop_gradient(features)
    if self.pooling == "multi_level":  # depths differ in scale by orders of magnitude
      features = BatchNorm(name="norm_levels")(features, use_running_average=not train)
    head = functools.partial(
      Head,
      widths=self.head_widths,
      dropout=self.head_dropout,
      initialisation=self.head_init,
      dtype=dtype,
    )
    aesthetics = head(self.num_buckets, "softmax", name="aesthetics")
    auxiliary = head(
      len(self.aux_names), self.aux_activation, final_norm=self.aux_final_norm, name="auxiliary"
    )
    return Prediction(
      distribution=aesthetics(features, train=train),
      aux=auxiliary(features, train=train),
      features=features.astype(jnp.float32),
    )
