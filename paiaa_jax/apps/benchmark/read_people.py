"""Whose ratings are held out, from any of the places where ratings stand; and which, in each split.

Shapes: u users, n images of the one who rated most (padded), s splits.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from paiaa_jax import files
from paiaa_jax.apps import personalize_users, users_table
from paiaa_jax.data import databases, records
from paiaa_jax.data.databases import checks, table_file
from paiaa_jax.errors import UserError
from paiaa_jax.personalization.splits import Protocol, Splits, draw_splits
from paiaa_jax.personalization.users import Users


def read(source: Path, dataset: str) -> tuple[Users, str]:
  """The test users of `source`, all scores 0, and the database's name; see `read_ratings`."""
  ratings, name = read_ratings(source, dataset)
  ratings = ratings.filter(pl.col("split") == "test")
  if ratings.is_empty():
    raise UserError(f"{source} has no ratings by test users.")
  images = ratings.select(pl.col("path").unique(), aesthetic_score=pl.lit(0.0))
  return users_table.join(images, ratings).users, name


def read_ratings(source: Path, dataset: str) -> tuple[pl.DataFrame, str]:
  """`user, path, score, split` of all users, and the database's name.

  Args:
    source: a prepared folder, a distributor's folder, or a table with columns user, path, score
      (and perhaps split; without it, everybody is a test user).
    dataset: what a distributor's folder holds, a key of DATABASES.

  Raises:
    UserError: there are no such ratings.
  """
  if not source.exists():
    raise UserError(f"{source} is missing: neither a folder nor a table of ratings.")
  if source.is_file():
    name, ratings = source.stem, _read_table(source)
  elif (source / "manifest.json").is_file():
    name = records.read_manifest(source)["name"]
    ratings = personalize_users.read_ratings(source, name)
  elif dataset in databases.DATABASES:
    name, ratings = dataset, databases.DATABASES[dataset](source).ratings
  else:
    raise UserError(f"unknown dataset {dataset!r}; one of {', '.join(databases.DATABASES)}.")
  if "split" not in ratings.columns:
    ratings = ratings.with_columns(split=pl.lit("test"))
  return ratings.with_columns(pl.col("user", "path").cast(pl.String)), name


def write_splits(users: Users, path: Path, *, num_splits: int, seed: int) -> int:
  """Writes splits_table as csv or parquet, by the file's name; returns its number of rows."""
  if path.suffix not in (".csv", ".parquet"):
    raise UserError(f"--splits_out={path} ends in neither .csv nor .parquet.")
  table = splits_table(users, draw_splits(users, Protocol(num_splits=num_splits, seed=seed)))
  files.write_frame(path, table)
  return len(table)


def splits_table(users: Users, splits: Splits) -> pl.DataFrame:
  """user, path, split, position: a row for each of a user's images and each split."""
  user, column = np.nonzero(users.valid)
  s = splits.num_splits
  return pl.DataFrame(
    {
      "user": np.repeat(users.user_ids[user], s),
      "path": np.repeat(users.image_ids[users.row[user, column]], s),
      "split": np.tile(np.arange(s), len(user)),
      "position": splits.position[user, column].ravel(),
    }
  )


def _read_table(path: Path) -> pl.DataFrame:
  """user, path, score and perhaps split; of an image rated twice by a user, the mean."""
  table = table_file.read(path)
  checks.columns(table, ("user", "path", "score"), path)
  table = checks.numbers(checks.image_paths(table, path), ["score"], path)
  if "split" not in table.columns:
    return checks.ratings(table, path, repeats="mean")[0]
  by_split = table.filter(pl.col("split").is_in(["train", "test"])).partition_by(
    "split", as_dict=True
  )
  parts = [
    checks.ratings(part, path, repeats="mean")[0].with_columns(split=pl.lit(split))
    for (split,), part in by_split.items()
  ]
  return pl.concat(parts) if parts else table.clear()
