"""A drawn image -> an example: a square of its pixels, and its labels; grain's transformations."""

from __future__ import annotations

from dataclasses import dataclass

import grain
import numpy as np

from paiaa_jax import rng
from paiaa_jax.data import images
from paiaa_jax.data.order import PADDING, Drawn
from paiaa_jax.types import LABELS, Batch


@dataclass(frozen=True)
class RandomCrop(grain.transforms.Map):
  """A drawn image -> an example: a square of it, drawn by the image's position.

  Not a RandomMap: grain's generator would draw other crops.
  """

  size: int
  resize: int
  flip: bool
  seed: int
  stream: str

  def map(self, element: Drawn) -> Batch:
    """The example, a batch without its leading axis."""
    record, row, position = element
    if row == PADDING:
      return _padding(record, self.size)
    random = rng.generator(self.seed, f"{self.stream}/crop", position)
    with images.opened(record["image"], self.resize, record["name"]) as photo:
      pixels = images.crop_square(photo, self.resize, self.size, random, self.flip)
    return _example(record, pixels, row)


@dataclass(frozen=True)
class WholeImage(grain.transforms.Map):
  """An image in turn -> an example: all of it, resized to a square."""

  size: int

  def map(self, element: Drawn) -> Batch:
    """The example, a batch without its leading axis."""
    record, row, _ = element
    if row == PADDING:
      return _padding(record, self.size)
    return _example(record, images.square(record["image"], self.size, record["name"]), row)


def _padding(record: dict, image_size: int) -> Batch:
  """An example that is none: black, of index -1, its labels as wide as a record's and all 0."""
  blank = {key: np.zeros_like(record[key]) for key in LABELS}
  return _example(blank, np.zeros((image_size, image_size, 3), np.uint8), PADDING)


def _example(record: dict, image: np.ndarray, row: int) -> Batch:
  """A batch of one without its leading axis."""
  labels = {key: np.asarray(record[key], np.float32) for key in LABELS}
  return Batch(image=image, index=np.asarray(row, np.int32), **labels)
