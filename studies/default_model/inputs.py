"""The photographs, their degraded copies and uniform frames, as labels and as features.

WORKDIR/photographs.npy [n, d], copies.npy [c, d], frames.npy [f, d]: what is there is not computed
again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from paiaa_jax import files, rng
from paiaa_jax.data import images
from paiaa_jax.models import frozen_network
from paiaa_jax.models.frozen_network import FrozenNetwork
from studies.default_model.copies import CHECKS, DAMAGES
from studies.default_model.heads import Inputs
from studies.oasis.study import Study, distribution

SOURCES = 96  # photographs that have copies, so that the training part of a fold has enough
FRAMES = (  # RGB of frames without a picture
  *((level,) * 3 for level in (0, 32, 64, 96, 128, 160, 192, 224, 255)),
  *((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255), (255, 0, 255)),
)


class Look(NamedTuple):
  """What a model looks at: a square of pixels, and it made smaller by each of shrinks."""

  pixels: int
  shrinks: tuple[int, ...]


WHOLE, FAST = Look(448, (2, 1)), Look(224, (1,))


def read(data: Study, extract: Extract) -> Inputs:
  """Everything that the heads are fitted to."""
  order = rng.generator(0, "degraded copies").permutation(len(data.images))[:SOURCES]
  shape = extract.size, extract.size, 3
  return Inputs(
    names=data.images,
    features=extract("photographs.npy", (images.square(path, extract.size) for path in data.paths)),
    shares=distribution(data.ratings, data.scale),
    norms=data.norms[:, :2],
    order=order,
    copies=extract("copies.npy", _copies(data, order, extract.size)),
    frames=extract("frames.npy", (np.full(shape, colour, np.uint8) for colour in FRAMES)),
  )


def damaged(data: Study, chosen: np.ndarray, extract: Extract) -> np.ndarray:
  """Features [checks, len(chosen), d] of photographs under each of copies.CHECKS."""
  size = extract.size
  pixels = (check(images.square(data.paths[i], size)) for check in CHECKS.values() for i in chosen)
  return extract("checks.npy", pixels).reshape(len(CHECKS), len(chosen), -1)


class Extract:
  """Features of one image after another, kept in a file of `workdir`."""

  def __init__(self, network: FrozenNetwork, size: int, workdir: Path):
    self.size = size  # pixels, side of the network's input
    self._features = frozen_network.extractor(network)
    self._workdir = workdir

  def __call__(self, name: str, pixels: Iterable[np.ndarray]) -> np.ndarray:
    """[n, d] of n images [size, size, 3] uint8."""
    file = self._workdir / name
    if not file.exists():
      start, rows = time.monotonic(), []
      for image in pixels:
        rows.append(self._features(image[None])[0])
        if len(rows) % 100 == 0:
          logging.info("%s: %d images in %.0f s", file.name, len(rows), time.monotonic() - start)
      files.write_arrays(file, np.stack(rows))
    return files.read_arrays(file)


def _copies(data: Study, order: np.ndarray, size: int) -> Iterator[np.ndarray]:
  for i in order:
    image = images.square(data.paths[i], size)
    for damage in DAMAGES:
      yield damage.apply(image)
