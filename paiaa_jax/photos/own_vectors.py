"""Anybody's vectors of photographs (data.vectors) in the place of a model's own coordinates.

Taste compares photographs by them; generic scores and outputs stay the model's. Paths in the file
are sought beside it, then here. For profiles the model is another one then, whose id tells how many
numbers a vector has. Which network made them it cannot tell.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from paiaa_jax.data import vectors
from paiaa_jax.errors import UserError
from paiaa_jax.models.weights.model_folder import ModelFolder
from paiaa_jax.photos.prior_file import MOST
from paiaa_jax.photos.ratings import beside
from paiaa_jax.photos.score import Photo

LONGEST = MOST**0.5  # so that a kernel's width, a mean of squares, is one that a profile may have


class OwnVectors(NamedTuple):
  """Vectors [n, d] float16, and the row of each photograph's resolved path."""

  file: Path
  row: dict[Path, int]
  vectors: np.ndarray

  def model(self, model: ModelFolder) -> ModelFolder:
    """The model as profiles know it that are learnt on these vectors."""
    d = self.vectors.shape[1]
    name = f"{model.model_id}+{d} numbers"
    return model._replace(model_id=name, num_coordinates=d, own_coordinates=False)

  def put(self, photo: Photo) -> Photo:
    """The photograph with its vector; one without is a bad file."""
    if photo.error:
      return photo
    row = self.row.get(photo.path.resolve())
    if row is None:
      return Photo(photo.path, error=f"{self.file} has no vector of it")
    return photo._replace(coordinates=self.vectors[row])


def read(file: Path) -> OwnVectors:
  """Reads a .parquet or .npy file; UserError as `vectors.read`, or a vector longer than LONGEST."""
  found = vectors.read(file)
  longest = np.linalg.norm(found.vectors, axis=1).max()
  if longest > LONGEST:
    raise UserError(
      f"{file} holds a vector of length {longest:g}; divide all of them, {LONGEST:g} is the most."
    )
  row = {beside(path, file.parent).resolve(): i for path, i in found.row.items()}
  return OwnVectors(file, row, found.vectors.astype(np.float16))
