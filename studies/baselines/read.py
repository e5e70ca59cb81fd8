"""A run's predictions, pooled features and ratings on disk -> what baselines look at.

Columns are scaled by the training photographs; where those have not been predicted, by the test
photographs (no rating is used), and there are no other users.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from sklearn.decomposition import PCA

from paiaa_jax.apps import evaluate_model, personalize_users, users_table
from paiaa_jax.data import records
from paiaa_jax.data.vectors import Vectors
from paiaa_jax.personalization.users import Images, Users

COMPONENTS = 64
Rescale = Callable[[np.ndarray], np.ndarray]


class Inputs(NamedTuple):
  """Test users, and what is known of their photographs.

  Attributes:
    rated: u test users; their images' outputs are scaled, their coordinates principal components.
    features: [N, f] scaled pooled features of those images.
    others: training users on the training photographs, scaled alike; None without predictions.
    database: its name.
    digest: 16 hex digits of the predictions, features and ratings that were read.
  """

  rated: users_table.Rated
  features: np.ndarray
  others: Users | None
  database: str
  digest: str


class Seen(NamedTuple):
  """What was predicted of a split's photographs: outputs [n, k], pooled features [n, f]."""

  outputs: np.ndarray
  features: np.ndarray


def read(
  workdir: Path, prepared: Path, other_ratings: str = "", vectors: Vectors | None = None
) -> Inputs:
  """Joins WORKDIR/predictions of the test and the training split with the ratings.

  Args:
    workdir: of the run; launch.evaluate --features has written its predictions.
    prepared: folder of the database.
    other_ratings: as in `personalize_users.read`.
    vectors: of the photographs, in place of the features that launch.evaluate wrote.

  Raises:
    UserError: predictions, features or ratings are missing, or do not fit together.
  """
  database = records.read_manifest(prepared)["name"]
  ratings = personalize_users.read_ratings(Path(other_ratings or prepared), database)
  rated = personalize_users.read(workdir, prepared, other_ratings).rated
  test, others = read_split(workdir, database, "test", vectors), None
  if _path(workdir, database, "train").is_file():
    train = evaluate_model.read_predictions(_path(workdir, database, "train"))
    known = users_table.join(train, ratings.filter(pl.col("split") == "train"))
    others = read_split(workdir, database, "train", vectors), known.users
  return join(rated, test, others, database)


def read_split(workdir: Path, database: str, split: str, vectors: Vectors | None = None) -> Seen:
  """What launch.evaluate --features wrote of a split, or its photographs' `vectors`."""
  path = _path(workdir, database, split)
  frame = evaluate_model.read_predictions(path)
  features = personalize_users.read_features(path, frame, vectors)
  names = users_table.output_names(frame)
  outputs = frame.select(pl.col(names).cast(pl.Float32)).to_numpy().reshape(-1, len(names))
  return Seen(outputs, features)


def join(
  rated: users_table.Rated, test: Seen, others: tuple[Seen, Users] | None, database: str
) -> Inputs:
  """Scales the columns by the training photographs, where they are known.

  Args:
    rated: test users on the photographs of `test`, in its order.
    test: the test split.
    others: the training split, and the training users on its photographs, in its order.
    database: its name.
  """
  digest = _digest(rated, test, others)  # of what was read: what is computed may differ a bit
  reference = test if others is None else others[0]
  features, outputs = fit_scaling(reference.features), fit_scaling(reference.outputs)
  scaled = features(reference.features)
  size = min(COMPONENTS, *scaled.shape)
  pca = PCA(size, svd_solver="randomized", random_state=0).fit(scaled)
  rotate = fit_length(pca.transform(scaled))

  def images(users: Users, seen: Seen, rows: np.ndarray) -> Users:
    seen_by_all = Images(users.images.generic, outputs(seen.outputs), rotate(pca.transform(rows)))
    return dataclasses.replace(users, images=seen_by_all)

  training = None if others is None else images(others[1], others[0], scaled)
  del scaled
  mine = features(test.features)
  rated = rated._replace(users=images(rated.users, test, mine))
  return Inputs(rated, mine, training, database, digest)


def fit_scaling(rows: np.ndarray) -> Rescale:
  """A function that gives columns mean 0, one deviation, and rows [n, f] mean squared norm 1.

  A column that is constant in `rows` tells nothing and becomes 0.
  """
  mean, deviation = rows.mean(axis=0), rows.std(axis=0)
  kept = deviation > 1e-6 * np.maximum(np.abs(mean), 1e-6)
  factor = np.where(kept, 1 / np.where(kept, deviation, 1), 0) / np.sqrt(max(kept.sum(), 1))
  factor = factor.astype(np.float32)
  return lambda other: (other - mean) * factor


def fit_length(rows: np.ndarray) -> Rescale:
  """A function that divides all columns by one number: rows [n, p] get mean squared norm 1."""
  length = np.sqrt(np.square(rows).sum(axis=1).mean()).astype(np.float32)
  return lambda other: other / max(length, np.float32(1e-12))


def _digest(*parts) -> str:
  """16 hex digits over the arrays in nested tuples."""
  digest = hashlib.sha256()

  def add(part) -> None:
    if isinstance(part, tuple):
      for inner in part:
        add(inner)
    elif isinstance(part, Users):
      add(tuple(vars(part).values()))
    elif isinstance(part, np.ndarray) and part.dtype != object:
      digest.update(f"{part.dtype}{part.shape}".encode() + np.ascontiguousarray(part).tobytes())
    else:
      digest.update(repr(part.tolist() if isinstance(part, np.ndarray) else part).encode())

  add(parts)
  return digest.hexdigest()[:16]


def _path(workdir: Path, database: str, split: str) -> Path:
  return workdir / "predictions" / f"{database}_{split}.parquet"
