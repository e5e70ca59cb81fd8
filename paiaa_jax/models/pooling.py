"""Layers [n, h, w, c], shallow to deep -> one vector [n, d] an image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from paiaa_jax import types
from paiaa_jax.errors import UserError

POOLINGS = ("gap", "multi_level")


def pool(levels: Sequence[Array], pooling: str) -> Array:
  """Pools one of two ways.

  "gap" is the mean over space of the deepest layer: the paper's. (A ViT gives what it was trained
  to be read by instead: its class token, or attention over its patches.) "multi_level" concatenates
  mean and standard deviation of every layer given: shallow layers keep what the deep ones forget,
  such as sharpness and light (Hosu et al., CVPR 2019, on AVA).
  """
  if pooling == "gap":
    return jnp.mean(levels[-1], (1, 2))
  if pooling != "multi_level":
    raise UserError(f"unknown pooling {pooling!r}; model.pooling is one of {', '.join(POOLINGS)}.")
  moments = []
  for x in levels:
    x = x.astype(jnp.float32)
    moments += [jnp.mean(x, (1, 2)), jnp.sqrt(jnp.var(x, (1, 2)) + 1e-6)]
  return jnp.concatenate(moments, axis=-1)


def mirrored(backbone: nn.Module, variables: Any, images: types.Array) -> Array:
  """Normalised [n, s, s, 3] -> [n, d], the mean of each image's features and its mirror image's."""
  network = cast(Callable[..., Array], backbone.apply)
  return (network(variables, images) + network(variables, images[:, :, ::-1])) / 2
