"""The paper's network and training step in PyTorch, as one would write them there today.

torchvision's backbone without its classifier, two heads FC 1024 - BN - PReLU - dropout - FC 512 -
..., L_a + L_p, SGD at two rates; channels last throughout. On a GPU: autocast to bfloat16, fused
SGD, cuDNN's own search for algorithms, and torch.compile beside the network as it stands.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from paiaa_jax.models.network import BACKBONES
from paiaa_jax.types import Batch


def import_torchvision():
  """torchvision on a CPU-only torch asks for two operators that only its own binary defines."""
  try:
    import torchvision
  except RuntimeError:
    operators = torch.library.Library("torchvision", "DEF")
    operators.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    operators.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision
  return torchvision


def backbone(name: str) -> nn.Module:
  """torchvision's network of that name, giving pooled features."""
  models = import_torchvision().models
  if name == "inception_v3":
    network = models.inception_v3(weights=None, aux_logits=False, init_weights=False)
    network.fc, network.dropout = nn.Identity(), nn.Identity()
  else:
    network = getattr(models, name)(weights=None)
    network.classifier = nn.Identity()
  return network


def head(features: int, widths: tuple[int, ...], outputs: int, activation: nn.Module) -> nn.Module:
  layers = []
  for width in widths:
    layers += [nn.Linear(features, width), nn.BatchNorm1d(width), nn.PReLU(), nn.Dropout(0.5)]
    features = width
  return nn.Sequential(*layers, nn.Linear(features, outputs), activation)


class Network(nn.Module):
  """uint8 images [n, 3, h, w] -> (distribution [n, b], traits [n, k])."""

  def __init__(self, name: str, buckets: int, traits: int):
    super().__init__()
    ours = BACKBONES[name]
    self.backbone = backbone(name)
    self.aesthetics = head(ours.FEATURES, (1024, 512), buckets, nn.Softmax(dim=-1))
    self.auxiliary = head(ours.FEATURES, (1024, 512), traits, nn.Tanh())
    self.register_buffer("mean", 255 * torch.tensor(ours.MEAN).reshape(1, 3, 1, 1))
    self.register_buffer("std", 255 * torch.tensor(ours.STD).reshape(1, 3, 1, 1))

  def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    features = self.backbone((image - self.mean) / self.std)
    return self.aesthetics(features), self.auxiliary(features)


def device() -> str:
  return "cuda" if torch.cuda.is_available() else "cpu"


def make_step(name: str, batch: Batch, dtype: str, *, compiled: bool) -> Callable:
  """A function that starts one training step on `batch` and returns the loss, on the device.

  The rows of `batch` alternate between a score distribution and traits, as ours do. float32 is
  TF32 in products on a GPU, as XLA's default is.
  """
  where = device()
  torch.backends.cudnn.benchmark = True
  torch.set_float32_matmul_precision("high")
  torch.manual_seed(0)
  network = Network(name, batch.distribution.shape[1], batch.aux.shape[1])
  network = network.to(where, memory_format=torch.channels_last).train()
  heads = [*network.aesthetics.parameters(), *network.auxiliary.parameters()]
  groups = [{"params": network.backbone.parameters(), "lr": 1e-5}, {"params": heads, "lr": 1e-4}]
  fused = where == "cuda"
  optimizer = torch.optim.SGD(groups, momentum=0.9, weight_decay=1e-5, fused=fused)
  image = torch.from_numpy(np.ascontiguousarray(batch.image.transpose(0, 3, 1, 2))).to(where)
  image = image.contiguous(memory_format=torch.channels_last)
  distribution = torch.from_numpy(batch.distribution[::2]).to(where)
  traits = torch.from_numpy(batch.aux[1::2]).to(where)
  forward = torch.compile(network) if compiled else network

  def step() -> torch.Tensor:
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast(where, torch.bfloat16, enabled=dtype == "bfloat16"):
      predicted, aux = forward(image)
    loss = nn.functional.mse_loss(predicted[::2].float(), distribution)
    loss = loss + nn.functional.mse_loss(aux[1::2].float(), traits)
    loss.backward()
    optimizer.step()
    return loss.detach()

  return step
