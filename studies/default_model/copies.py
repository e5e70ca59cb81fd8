"""Degraded copies of photographs, and how much lower people are assumed to score them.

Nobody rated these copies. That blur and wrong exposure lower a score by `points` is an assumption,
made so that the model does not score by the subject alone.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFilter


class Damage(NamedTuple):
  """What is done to an image [h, w, 3] uint8, and what is assumed of it.

  Attributes:
    points: by how much lower people are taken to score it.
    weight: of such a copy in the fit, where a photograph has 1.
    apply: the damage.
  """

  points: float
  weight: float
  apply: Callable[[np.ndarray], np.ndarray]


def blur(image: np.ndarray, pixels: float) -> np.ndarray:
  """Gaussian blur; `pixels` is its deviation where the image has a side of 448."""
  radius = pixels * len(image) / 448
  return np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(radius)))


def expose(image: np.ndarray, stops: float) -> np.ndarray:
  """More or less light by `stops` EV, in linear light (sRGB's transfer curve)."""
  encoded = np.arange(256) / 255
  linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
  lit = np.clip(linear * 2.0**stops, 0, 1)
  back = np.where(lit <= 0.0031308, lit * 12.92, 1.055 * lit ** (1 / 2.4) - 0.055)
  return np.round(255 * back).astype(np.uint8)[image]


def motion(image: np.ndarray, pixels: int) -> np.ndarray:
  """The mean along a horizontal stretch of `pixels`, where the image has a side of 448."""
  reach = max(round(pixels * len(image) / 448), 1)
  padded = np.pad(image.astype(np.float32), ((0, 0), (reach, reach), (0, 0)), "edge")
  total = np.cumsum(padded, axis=1)
  mean = (total[:, reach:] - total[:, :-reach]) / reach
  return np.round(mean[:, reach // 2 :][:, : image.shape[1]]).astype(np.uint8)


def noise(image: np.ndarray, levels: float) -> np.ndarray:
  """Gaussian noise of this deviation, in levels of 255; the same for every image."""
  grain = np.random.default_rng(0).normal(0, levels, image.shape)
  return np.clip(np.round(image + grain), 0, 255).astype(np.uint8)


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
  file = io.BytesIO()
  Image.fromarray(image).save(file, "JPEG", quality=quality)
  return np.asarray(Image.open(file))


DAMAGES = (
  Damage(0.7, 0.1, lambda image: blur(image, 4)),
  Damage(1.3, 0.1, lambda image: blur(image, 9)),
  Damage(1.0, 0.3, lambda image: expose(image, 2)),
  Damage(1.0, 0.1, lambda image: expose(image, -3)),
)
# Damage to photographs that a model never saw; it was trained on nothing like the last two.
CHECKS = {
  "blur 5": lambda image: blur(image, 5),
  "blur 10": lambda image: blur(image, 10),
  "JPEG 5": lambda image: jpeg(image, 5),
  "+2 EV": lambda image: expose(image, 2),
  "-4 EV": lambda image: expose(image, -4),
  "motion 15": lambda image: motion(image, 15),
  "noise 40": lambda image: noise(image, 40),
}


def lower(shares: np.ndarray, points: float) -> np.ndarray:
  """Distributions [n, b] over scores one apart -> the same, `points` lower, none below the first.

  A share that falls between two scores is divided so that the mean falls by `points`.
  """
  buckets = np.arange(shares.shape[1])
  place = np.maximum(buckets - points, 0)
  weight = np.maximum(1 - np.abs(place[:, None] - buckets[None, :]), 0)
  return shares @ weight
