"""The least that a training step could do: operations, and bytes through the device's memory."""

from __future__ import annotations

import math
from typing import NamedTuple

import flax.linen as nn
import jax
import numpy as np

from paiaa_jax.models.backbones.efficientnet_lite import Depthwise
from paiaa_jax.models.network import DTYPES, Network
from paiaa_jax.models.norm import BatchNorm

PRODUCTS = (nn.Conv, nn.Dense, Depthwise)


class Floor(NamedTuple):
  """Of one image and one training step.

  Attributes:
    flops: of convolutions and dense layers, a multiply-add counted as two; the backward pass is two
      products for each of the forward pass.
    bytes: of activations that these layers and BN read and write once in each of their passes.
  """

  flops: float
  bytes: float


def count(network: Network, size: int) -> Floor:
  """The floor of one image [size, size, 3].

  A product reads x and writes y, then reads dy and the weights for dx, and x and dy for the
  weights' gradient: 3 (x + y) elements. BN (the statistics taken along with the product's output)
  reads y and writes the normalised; then it reads y and its gradient for two sums, and again to
  write dy: 7 y. ReLU, pooling and joining branches are thought to cost nothing on the way.
  """
  flops, elements = 0.0, 0.0

  def note(call, args, kwargs, context):
    nonlocal flops, elements
    y = call(*args, **kwargs)
    if context.method_name == "__call__" and isinstance(context.module, PRODUCTS):
      (kernel,) = (p for name, p in context.module.variables["params"].items() if name == "kernel")
      flops += 3 * 2 * y.size * math.prod(kernel.shape[:-1])
      elements += 3 * (args[0].size + y.size)
    elif context.method_name == "__call__" and isinstance(context.module, BatchNorm):
      elements += 7 * y.size
    return y

  image = jax.ShapeDtypeStruct((1, size, size, 3), np.uint8)
  variables = jax.eval_shape(network.init, jax.random.key(0), image)
  with nn.intercept_methods(note):
    jax.eval_shape(network.apply, variables, image)
  return Floor(flops, elements * np.dtype(DTYPES[network.dtype]).itemsize)
