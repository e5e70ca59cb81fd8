"""Files of ViTs and ConvNeXts -> {our dotted name: array in torch's layout}.

timm, Hugging Face's transformers, torchvision and the DINOv2 repository name and split the same
weights differently. Each key is renamed by every pattern that it matches, in order; one that
matches none keeps its name, and is unknown to whoever reads on.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

import numpy as np

Arrays = dict[str, np.ndarray]
Rules = Sequence[tuple[str, str]]

# Knowingly dropped: CLIP's and SigLIP's other half, projections and classifiers, DINOv2's mask.
VIT_DROPPED = re.compile(
  r"(text_model|text_projection|logit_scale|logit_bias|visual_projection)(\.|$)|"
  r"(vision_model\.)?embeddings\.(mask_token|position_ids)|mask_token|head\.(weight|bias)"
)
VIT: Rules = (
  (r"^vision_model\.", ""),
  (r"^(patch_embed\.proj|embeddings\.patch_embeddings?(\.projection)?)\.(?=weight|bias)", "patch."),
  (r"^(embeddings\.)?(cls_token|class_embedding)$", "class_token"),
  (r"^(embeddings\.)?(reg_token|register_tokens)$", "registers"),
  (r"^(pos_embed|embeddings\.position_embeddings?(\.weight)?)$", "position"),
  (r"^(blocks|encoder\.layers?)\.(\d+)\.", r"block\2."),
  (r"^(block\d+)\.layer_norm([12])\.", r"\1.norm\2."),
  (r"^(block\d+)\.(ls|layer_scale)([12])\.(gamma|lambda1)$", r"\1.scale\3"),
  (r"^(block\d+)\.attn\.(qkv|proj)\.", r"\1.\2."),
  (r"^(block\d+)\.(attention|self_attn)\.([qkv])_proj\.", r"\1.\3."),
  (r"^(block\d+)\.attention\.attention\.(q)uery\.", r"\1.\2."),
  (r"^(block\d+)\.attention\.attention\.(k)ey\.", r"\1.\2."),
  (r"^(block\d+)\.attention\.attention\.(v)alue\.", r"\1.\2."),
  (r"^(block\d+)\.(attention\.o_proj|attention\.output\.dense|self_attn\.out_proj)\.", r"\1.proj."),
  (r"^pre_layrnorm\.", "norm_pre."),  # as it is spelt there
  (r"^(post_)?layernorm\.", "norm."),
  (r"^attn_pool\.", "pool."),
  (r"^head\.probe$", "pool.latent"),
  (r"^head\.attention\.in_proj_(weight|bias)$", r"pool.qkv.\1"),
  (r"^head\.attention\.out_proj\.", "pool.proj."),
  (r"^head\.layernorm\.", "pool.norm."),
  (r"^head\.mlp\.", "pool.mlp."),
)
CONVNEXT: Rules = (
  (r"^convnext(v2)?\.", ""),
  (r"^(stem\.0|features\.0\.0|embeddings\.patch_embeddings)\.", "stem."),
  (r"^(stem\.1|features\.0\.1|embeddings\.layernorm)\.", "norm_stem."),
  *((rf"^features\.{2 * i}\.", f"stages.{i}.downsample.") for i in (1, 2, 3)),
  *((rf"^features\.{2 * i + 1}\.", f"stages.{i}.blocks.") for i in range(4)),
  (r"^encoder\.", ""),
  (r"^stages\.(\d)\.downsampl(e|ing_layer)\.0\.", r"norm_down\1."),
  (r"^stages\.(\d)\.downsampl(e|ing_layer)\.1\.", r"down\1."),
  (r"^stages\.(\d)\.(blocks|layers)\.(\d+)\.", r"stage\1_block\3."),
  (r"^(stage\w+)\.(conv_dw|dwconv|block\.0)\.", r"\1.depthwise."),
  (r"^(stage\w+)\.(layernorm|block\.2)\.", r"\1.norm."),
  (r"^(stage\w+)\.(mlp\.fc1|pwconv1|block\.3)\.", r"\1.fc1."),
  (r"^(stage\w+)\.(mlp\.fc2|pwconv2|block\.5)\.", r"\1.fc2."),
  (r"^(stage\w+)\.mlp\.grn\.", r"\1.grn."),
  (r"^(stage\w+)\.(gamma|layer_scale|layer_scale_parameter)$", r"\1.scale"),
  (r"^(head\.norm|layernorm|classifier\.0)\.", "norm_last."),
  (r"^(head\.fc|classifier\.2|classifier)\.", "fc."),
)


def vit(weights: Mapping[str, np.ndarray]) -> Arrays:
  """A ViT's: one matrix for query, key and value, and the class token with its position in it.

  Raises:
    KeyError: two keys of one weight, or a part of a matrix without its others.
  """
  kept = {key: array for key, array in weights.items() if not VIT_DROPPED.match(key)}
  named = _rename(kept, VIT)
  for key in [key for key in named if re.fullmatch(r"block\d+\.q\.(weight|bias)", key)]:
    parts = [key.replace(".q.", f".{part}.") for part in "qkv"]
    for part in parts:
      if part not in named:
        raise KeyError(f"{part} is missing beside {key}.")
    _put(named, key.replace(".q.", ".qkv."), np.concatenate([named.pop(part) for part in parts]))
  for key in [key for key in named if key.startswith("pool.qkv.")]:
    both = named.pop(key)
    _put(named, key.replace("qkv", "q"), both[: len(both) // 3])
    _put(named, key.replace("qkv", "kv"), both[len(both) // 3 :])
  if "pool.latent" in named:
    named["pool.latent"] = named["pool.latent"].reshape(-1)
  for key in {"class_token", "registers", "position"} & named.keys():
    named[key] = named[key].reshape(-1, named[key].shape[-1]).astype(np.float32)
  return _positions(named)


def convnext(weights: Mapping[str, np.ndarray]) -> Arrays:
  """A ConvNeXt's: 1x1 convolutions as matrices, a number a channel as a vector.

  Raises:
    KeyError: two keys of one weight.
  """
  named = _rename(weights, CONVNEXT)
  for key, array in named.items():
    if re.search(r"\.fc[12]\.weight$", key) and array.ndim == 4 and array.shape[2:] == (1, 1):
      named[key] = array[:, :, 0, 0]
    elif re.search(r"\.(scale|grn\.\w+)$", key) and array.size == max(array.shape):
      named[key] = array.reshape(-1)
  return named


def _positions(named: Arrays) -> Arrays:
  """The positions as [g, g, d]; that of the class token is added to the token."""
  position = named.get("position")
  if position is None:
    return named
  grid = math.isqrt(len(position))
  if grid**2 < len(position) and "class_token" in named:
    named["class_token"] = named["class_token"] + position[:1]
    position = position[1:]
    grid = math.isqrt(len(position))
  if grid**2 != len(position):
    raise KeyError(f"{len(position)} positions are no square of patches.")
  named["position"] = position.reshape(grid, grid, -1)
  return named


def _rename(weights: Mapping[str, np.ndarray], rules: Rules) -> Arrays:
  named: Arrays = {}
  for key, array in weights.items():
    name = key
    for pattern, replacement in rules:
      name = re.sub(pattern, replacement, name)
    _put(named, name, array)
  return named


def _put(named: Arrays, name: str, array: np.ndarray) -> None:
  if name in named:
    raise KeyError(f"{name!r} comes twice, under an old name and a new one.")
  named[name] = array
