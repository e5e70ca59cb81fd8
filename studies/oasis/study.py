"""OASIS-beauty as arrays, and who is held out: n photographs, r users, k auxiliary norms.

Each photograph is in one fold, and is scored by fits to the other folds. Each user is in one block;
the users of a block are evaluated, and the users of all other blocks are their other users. A seed
draws both.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from paiaa_jax.data.databases import draws, oasis
from paiaa_jax.errors import UserError
from paiaa_jax.types import Array


class Study(NamedTuple):
  """The database, rows and columns in a fixed order.

  Attributes:
    root: folder of the photographs.
    images: [n] file names under root, sorted.
    users: [r] user names, sorted.
    ratings: [r, n] float32, 1..7; NaN where not rated.
    norms: [n, k] float32, the auxiliary targets, in [-1, 1].
    aux_names: [k].
    scale: [b] the score of each bucket.
  """

  root: Path
  images: np.ndarray
  users: np.ndarray
  ratings: np.ndarray
  norms: np.ndarray
  aux_names: tuple[str, ...]
  scale: np.ndarray

  @property
  def paths(self) -> list[Path]:
    return [self.root / name for name in self.images]


class Draw(NamedTuple):
  """One seed's folds: `photo_fold` [n] and `block` [r], integers from 0."""

  photo_fold: np.ndarray
  block: np.ndarray


def read(source: str | Path) -> Study:
  """Reads the distributors' files, see data.databases.oasis."""
  database = oasis.load(source, people=1)  # its own division of people is not used
  images = database.images["path"].sort().to_numpy().astype(str)
  users = database.ratings["user"].unique().sort().to_numpy().astype(str)
  row = {name: i for i, name in enumerate(users)}
  column = {name: i for i, name in enumerate(images)}
  ratings = np.full((len(users), len(images)), np.nan, np.float32)
  for user, image, score in database.ratings.select("user", "path", "score").iter_rows():
    ratings[row[user], column[image]] = score
  norms = pl.DataFrame({"path": images}).join(database.traits, "path", maintain_order="left")
  return Study(
    root=database.image_root,
    images=images,
    users=users,
    ratings=ratings,
    norms=norms.select(database.aux_names).to_numpy().astype(np.float32),
    aux_names=database.aux_names,
    scale=np.asarray(database.scale, np.float32),
  )


def draw(study: Study, seed: int, folds: int, people: int) -> Draw:
  """As data.databases.oasis draws them for this seed; the last block may be smaller."""
  photo_fold = np.empty(len(study.images), int)
  for fold in range(folds):
    members = draws.fold_members(pl.Series(study.images), fold, folds, seed, "oasis folds")
    photo_fold[np.isin(study.images, members)] = fold
  shuffled = draws.draw(pl.Series(study.users), len(study.users), seed, "oasis people")
  position = {user: i for i, user in enumerate(shuffled)}
  return Draw(photo_fold, np.array([position[user] // people for user in study.users]))


def distribution(ratings: Array, scale: Array) -> np.ndarray:
  """How often each score was given: ratings [r, n] -> [n, b], rows summing to 1.

  Raises:
    UserError: a photograph that none of these users has rated.
  """
  counts = np.stack([(ratings == score).sum(axis=0) for score in scale], axis=1).astype(np.float32)
  total = counts.sum(axis=1, keepdims=True)
  if not total.all():
    raise UserError(
      f"{int((total == 0).sum())} photographs have no rating by the other users; make people fewer."
    )
  return counts / total
