"""What every database becomes: four polars tables that share the column `path`."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import polars as pl

from paiaa_jax.types import TRAITS

SPLITS = ("train", "validation", "test")

NO_DISTRIBUTIONS = pl.DataFrame(schema={"path": pl.String, "counts": pl.List(pl.Float64)})
NO_RATINGS = pl.DataFrame(
  schema={"user": pl.String, "path": pl.String, "score": pl.Float64, "split": pl.String}
)
NO_TRAITS = pl.DataFrame(schema={"path": pl.String, **dict.fromkeys(TRAITS, pl.Float64)})


class Database(NamedTuple):
  """Labels of one database; an image is known by its file's path relative to image_root.

  Attributes:
    name: short name, also that of the prepared folder.
    image_root: the folder that holds the image files.
    images: `path, split` (train, validation or test), one row an image, in a fixed order.
    distributions: `path, counts` (how often each score of `scale` was given; b numbers, not
      normalised, their sum above 0), at most one row an image.
    ratings: `user, path, score, split` (of the user: train or test), one row a rating.
    traits: `path`, then a column in [-1, 1] for each of aux_names; with a column `user` where
      the traits are those of a person who likes the image.
    scale: the score of each bucket, ascending, e.g. (1.0, ..., 10.0); () without distributions.
    aux_names: what the auxiliary columns of `traits` are; the five traits by default.
    notes: how this copy differs from what its distributor describes, a sentence each.
    label_files: the files that the labels were read from, see databases.load.
  """

  name: str
  image_root: Path
  images: pl.DataFrame
  distributions: pl.DataFrame = NO_DISTRIBUTIONS
  ratings: pl.DataFrame = NO_RATINGS
  traits: pl.DataFrame = NO_TRAITS
  scale: tuple[float, ...] = ()
  aux_names: tuple[str, ...] = TRAITS
  notes: tuple[str, ...] = ()
  label_files: tuple[Path, ...] = ()
