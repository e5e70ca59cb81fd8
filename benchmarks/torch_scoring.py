"""EfficientNet-Lite0 in PyTorch as one would score with it: BN folded, channels last."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import nn

from paiaa_jax.models.backbones.efficientnet_lite import EfficientNetLite0

STRIDES = {1: 2, 3: 2, 5: 2, 11: 2}  # of the blocks that halve the sides
BLOCKS = 16
EPSILON = 1e-3


class Convolution(nn.Module):
  """A convolution with its BN's running statistics inside, TensorFlow's 'SAME' padding; ReLU6."""

  def __init__(
    self, weights: Mapping[str, torch.Tensor], conv: str, norm: str, stride=1, relu=True
  ):
    super().__init__()
    mean, var, scale, bias = (
      weights[f"{norm}.{leaf}"] for leaf in ("running_mean", "running_var", "weight", "bias")
    )
    weight, factor = weights[conv + ".weight"], scale / torch.sqrt(var + EPSILON)
    out, into, kernel, _ = weight.shape
    groups = out if into == 1 else 1
    before, after = (kernel - stride) // 2, (kernel - stride + 1) // 2
    self.padding = nn.Identity() if before == after else nn.ZeroPad2d((before, after) * 2)
    same = before if before == after else 0
    self.conv = nn.Conv2d(groups * into, out, kernel, stride, same, groups=groups)
    self.conv.weight.data = weight * factor[:, None, None, None]
    self.conv.bias.data = bias - mean * factor
    self.activation = nn.ReLU6(inplace=True) if relu else nn.Identity()

  def forward(self, x: torch.Tensor) -> torch.Tensor:
    return self.activation(self.conv(self.padding(x)))


class Block(nn.Module):
  def __init__(self, weights: Mapping[str, torch.Tensor], index: int):
    super().__init__()
    prefix, stride = f"_blocks.{index}.", STRIDES.get(index, 1)
    layers = []
    if prefix + "_expand_conv.weight" in weights:
      layers.append(Convolution(weights, prefix + "_expand_conv", prefix + "_bn0"))
    layers += [
      Convolution(weights, prefix + "_depthwise_conv", prefix + "_bn1", stride),
      Convolution(weights, prefix + "_project_conv", prefix + "_bn2", relu=False),
    ]
    self.layers = nn.Sequential(*layers)

  def forward(self, x: torch.Tensor) -> torch.Tensor:
    y = self.layers(x)
    return x + y if x.shape == y.shape else y


class Network(nn.Module):
  """uint8 images [n, s, s, 3], s a multiple of 32 -> logits [n, 1000]."""

  def __init__(self, weights: Mapping[str, torch.Tensor]):
    super().__init__()
    mean, std = np.array([EfficientNetLite0.MEAN, EfficientNetLite0.STD], np.float32) * 255
    self.register_buffer("mean", torch.from_numpy(mean))
    self.register_buffer("std", torch.from_numpy(std))
    self.layers = nn.Sequential(
      Convolution(weights, "_conv_stem", "_bn0", 2),
      *(Block(weights, i) for i in range(BLOCKS)),
      Convolution(weights, "_conv_head", "_bn1"),
    )
    self.fc = nn.Linear(*reversed(weights["_fc.weight"].shape))
    self.fc.weight.data, self.fc.bias.data = weights["_fc.weight"], weights["_fc.bias"]

  def forward(self, pixels: torch.Tensor) -> torch.Tensor:
    # channels stay innermost in memory, so torch takes it for channels last
    normalised = ((pixels - self.mean) / self.std).permute(0, 3, 1, 2)
    return self.fc(self.layers(normalised).mean((2, 3)))


def networks(
  weights: Mapping[str, np.ndarray], compiled: bool
) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
  """Name -> a function of uint8 images, with torch.compile's if `compiled`."""
  tensors = {name: torch.from_numpy(np.array(array)) for name, array in weights.items()}
  network = Network(tensors).eval().to(memory_format=torch.channels_last)
  found = {"torch": _predict(network)}
  if compiled:
    found["torch.compile"] = _predict(torch.compile(network))
  return found


def _predict(network: Callable[[torch.Tensor], torch.Tensor]) -> Callable:
  def predict(pixels: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
      return network(torch.from_numpy(pixels)).numpy()

  return predict
