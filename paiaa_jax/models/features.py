"""uint8 images [s, s, 3] -> pooled features [n, d] of a frozen backbone with ImageNet weights."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path

import jax
import numpy as np

from paiaa_jax.models.network import backbone_class, normalize
from paiaa_jax.models.pooling import mirrored
from paiaa_jax.models.weights import pretrained


def extract(
  backbone: str,
  weights: Path,
  images: Iterable[np.ndarray],
  *,
  pooling: str = "multi_level",
  batch_size: int = 17,
) -> np.ndarray:
  """Pooled features [n, d], float32: the mean of each image's and its mirror image's.

  Args:
    backbone: a key of models.network.BACKBONES.
    weights: its ImageNet weights, see models.weights.pretrained.load.
    images: n >= 1 RGB images, uint8 [s, s, 3], all of one size s; read batch after batch, so that
      a generator never holds them all in memory.
    pooling: "gap" or "multi_level", see models.pooling.
    batch_size: images at a time; one shape is compiled.

  Raises:
    ValueError: of an unknown backbone, or as pretrained.load does.

  Example:
    >>> weights = models.pretrained.packaged_path("efficientnet_lite0")
    >>> images = np.zeros((2, 32, 32, 3), np.uint8)
    >>> models.features.extract("efficientnet_lite0", weights, images, pooling="gap").shape
    (2, 1280)
  """
  cls = backbone_class(backbone)
  variables = pretrained.load(backbone, weights)

  @jax.jit
  def forward(pixels):
    return mirrored(cls(pooling=pooling), variables, normalize(pixels, cls.MEAN, cls.STD))

  rows, images = [], iter(images)
  while batch := list(itertools.islice(images, batch_size)):
    padding = batch_size - len(batch)
    features = forward(np.pad(np.stack(batch), ((0, padding), (0, 0), (0, 0), (0, 0))))
    rows.append(np.asarray(features)[: len(batch)])
  return np.concatenate(rows)
