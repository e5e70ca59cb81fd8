"""What a model says of an image as one row: its score distribution, then its auxiliary outputs.

Whoever packs, slices or names such rows does it here. Shapes: b buckets, k auxiliary outputs; no
jax.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from paiaa_jax.types import Array


class Outputs(Protocol):
  """Who knows what the outputs are: a ModelFolder or a Predictor."""

  @property
  def score_values(self) -> Sequence[float]:
    """[b], the score of each bucket."""
    ...

  @property
  def aux_names(self) -> Sequence[str]:
    """[k]."""
    ...


def pack(distribution: Array, outputs: Array) -> np.ndarray:
  """Distributions [n, b] and auxiliary outputs [n, k] -> [n, b + k]."""
  return np.concatenate([distribution, outputs], axis=1)


def distribution_of(vectors: Array, model: Outputs) -> np.ndarray:
  """[..., b + k] -> score distributions [..., b]."""
  return np.asarray(vectors)[..., : len(model.score_values)]


def outputs_of(vectors: Array, model: Outputs) -> np.ndarray:
  """[..., b + k] -> auxiliary outputs [..., k]."""
  return np.asarray(vectors)[..., len(model.score_values) :]


def bucket_columns(buckets: int) -> list[str]:
  """p1..pN, the columns of a distribution in every table."""
  return [f"p{i + 1}" for i in range(buckets)]


def columns(model: Outputs) -> list[str]:
  """[b + k] columns of a row in every table: p1..pN, then each auxiliary output by its name."""
  return [*bucket_columns(len(model.score_values)), *model.aux_names]
