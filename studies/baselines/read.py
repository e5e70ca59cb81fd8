"""A run's predictions, pooled features and ratings on disk -> what baselines look at.

Columns are scaled by the training photographs; where those have not been predicted, by the test
photographs (no rating is used), and there is no crowd.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from sklearn.decomposition import PCA

from paiaa_jax import files
from paiaa_jax.apps import evaluate_model, personalize_users, users_table
from paiaa_jax.errors import UserError
from studies.baselines.inputs import Crowd, Photos

COMPONENTS = 64
Rescale = Callable[[np.ndarray], np.ndarray]


class Inputs(NamedTuple):
  """Test users and what may be known of their photographs.

  Attributes:
    people: u test users on n photographs (padded), in the rows of `photos`.
    photo: [u, n] int, row in `photos`; 0 where padded.
    photos: see inputs.Photos.
    crowd: None without predictions of the training photographs.
    database: its name.
    digest: 16 hex digits of the predictions, features and ratings that were read.
  """

  people: users_table.People
  photo: np.ndarray
  photos: Photos
  crowd: Crowd | None
  database: str
  digest: str


class Seen(NamedTuple):
  """Predictions of a split: names [n], generic [n], traits [n, a], features [n, f]."""

  names: list[str]
  generic: np.ndarray
  traits: np.ndarray
  features: np.ndarray


def read(workdir: Path, prepared: Path, other_ratings: str = "") -> Inputs:
  """Joins WORKDIR/predictions of the test and the training split with the ratings.

  Args:
    workdir: of the run; launch.evaluate --features has written its predictions.
    prepared: folder of the database.
    other_ratings: as in `people.read`.

  Raises:
    UserError: predictions, features or ratings are missing, or do not fit together.
  """
  found = personalize_users.read(workdir, prepared, other_ratings)
  test = read_split(workdir, found.database, "test")
  crowd = None
  if _path(workdir, found.database, "train").is_file():
    train = read_split(workdir, found.database, "train")
    ratings = personalize_users.read_ratings(Path(other_ratings or prepared), found.database)
    crowd = train, ratings.filter(pl.col("split") == "train")
  return join(found.people, test, crowd, found.database)


def read_split(workdir: Path, database: str, split: str) -> Seen:
  """What launch.evaluate --features wrote of a split."""
  path = _path(workdir, database, split)
  frame = files.read_parquet(path)
  features = evaluate_model.read_features(path, len(frame))
  names = users_table.auxiliary_names(frame)
  traits = frame.select(pl.col(names).cast(pl.Float32)).to_numpy().reshape(-1, len(names))
  generic = frame["aesthetic_score"].cast(pl.Float32).to_numpy()
  return Seen(frame["image"].to_list(), generic, traits, features)


def join(
  test_people: users_table.People,
  test: Seen,
  crowd: tuple[Seen, pl.DataFrame] | None,
  database: str,
) -> Inputs:
  """Scales the columns and finds each rating's photograph.

  Args:
    test_people: of the photographs of `test`.
    test: predictions of the test split.
    crowd: those of the training split, and its ratings (columns user, image, score).
    database: its name.
  """
  reference = test if crowd is None else crowd[0]
  features = fit_scaling(reference.features)
  traits = fit_scaling(reference.traits)
  scaled = features(reference.features)
  size = min(COMPONENTS, *scaled.shape)
  pca = PCA(size, svd_solver="randomized", random_state=0).fit(scaled)
  rotate = fit_length(pca.transform(scaled))
  others = None
  if crowd is not None:
    train, ratings = crowd
    components = rotate(pca.transform(scaled))
    others = _crowd(components, traits(train.traits), train.names, ratings)
  del scaled
  mine = features(test.features)
  photos = Photos(test.generic, mine, rotate(pca.transform(mine)), traits(test.traits))
  row = {name: i for i, name in enumerate(test.names)}
  photo = np.array([[row[name] if name else 0 for name in own] for own in test_people.image_ids])
  rated = None if others is None else (crowd[0], *others[2:])
  digest = _digest(test_people, test, rated)  # of what was read: what is computed may differ a bit
  return Inputs(test_people, photo, photos, others, database, digest)


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


def _crowd(
  components: np.ndarray, traits: np.ndarray, names: list[str], ratings: pl.DataFrame
) -> Crowd:
  photos = pl.DataFrame({"image": names, "photo": np.arange(len(names))})
  rated = ratings.group_by("user", "image").agg(pl.col("score").mean()).join(photos, on="image")
  if rated.is_empty():
    raise UserError("no training user rated a predicted training image; are the names the same?")
  rated = rated.sort("user", "image")
  user = rated["user"].rank("dense").to_numpy().astype(int) - 1
  score = rated["score"].cast(pl.Float64).to_numpy()
  return Crowd(components, traits, user, rated["photo"].to_numpy(), score)


def _digest(*parts) -> str:
  """16 hex digits over the arrays in nested tuples."""
  digest = hashlib.sha256()

  def add(part) -> None:
    if isinstance(part, tuple):
      for inner in part:
        add(inner)
    elif isinstance(part, np.ndarray) and part.dtype != object:
      digest.update(f"{part.dtype}{part.shape}".encode() + np.ascontiguousarray(part).tobytes())
    else:
      digest.update(repr(part.tolist() if isinstance(part, np.ndarray) else part).encode())

  add(parts)
  return digest.hexdigest()[:16]


def _path(workdir: Path, database: str, split: str) -> Path:
  return workdir / "predictions" / f"{database}_{split}.parquet"
