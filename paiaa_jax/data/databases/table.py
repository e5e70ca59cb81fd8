"""Anyone's own table (csv, tsv, txt, jsonl or parquet) beside a folder of images.

    path, p1, ..., pN       how often each of N scores was given, or its share (jsonl and parquet
                            may have a list `counts` instead)
    path, score             the mean score; it becomes a distribution with that mean
    user, path, score       single ratings, a row each
    path, O, C, E, A, N     traits of the people who like the image; with `user`, of one such person

`path` is relative to the images' folder, or all are absolute; image, file, filename, imageName and
image_id are read as it where there is none. Counts or score, and traits, may stand in one table. A
column `split` (train, validation or val, test) divides the images; without it the draw is seeded.
Also read so: AADB's, TAD66K's, EVA's and REAL-CUR's tables.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from paiaa_jax.data.databases import checks, counting, draws, table_file, text_table, trait_columns
from paiaa_jax.data.databases.database import (
  NO_DISTRIBUTIONS,
  NO_RATINGS,
  NO_TRAITS,
  SPLITS,
  Database,
)
from paiaa_jax.errors import UserError
from paiaa_jax.types import TRAITS

USUAL_SCALES = (  # low, high, buckets: the first that holds all scores
  (1.0, 5.0, 5),
  (1.0, 7.0, 7),
  (1.0, 10.0, 10),
  (0.0, 1.0, 5),
  (0.0, 10.0, 11),
  (0.0, 100.0, 11),
)


class Options(NamedTuple):
  """What a table does not say of itself.

  Attributes:
    images: the images' folder; by default `images` beside the table, else the table's folder.
    suffix: put behind every image's name, such as ".jpg".
    low: the lowest score; low = high takes both from the data: 1..N for N counts, else the
      first of 1..5, 1..7, 1..10, 0..1, 0..10, 0..100 that holds all scores.
    high: the highest score.
    buckets: how many evenly spaced scores there are from low to high; 0: a bucket a unit.
    trait_low: the trait that becomes -1.
    trait_high: the trait that becomes 1.
    test: fraction of the images for testing, where there is no column `split`.
    test_users: how many users are for testing.
    validation: fraction of the training images held out, where `split` has no validation.
    seed: of the draws.
    repeats: where a user scored one image twice: "refuse" different scores, or take the "mean".
  """

  images: str = ""
  suffix: str = ""
  low: float = 0.0
  high: float = 0.0
  buckets: int = 0
  trait_low: float = -1.0
  trait_high: float = 1.0
  test: float = 0.1
  test_users: int = 0
  validation: float = 0.05
  seed: int = 0
  repeats: str = "refuse"


class Labels(NamedTuple):
  """What a table says of scores, in the form of Database's fields; all empty where nothing."""

  distributions: pl.DataFrame = NO_DISTRIBUTIONS
  ratings: pl.DataFrame = NO_RATINGS.drop("split")
  scale: tuple[float, ...] = ()
  notes: tuple[str, ...] = ()


def load(source: str | Path, **options: Any) -> Database:
  """Reads a table; see the module for its columns.

  Args:
    source: the table, or a folder with one.
    options: fields of Options.

  Raises:
    UserError: file and line of what is wrong, or no table there.
  """
  asked, path = Options(**options), table_file.find(Path(source))
  table = table_file.read(path)
  checks.columns(table, ("path",), path)
  table, root = _from_root(table.with_columns(pl.col("path") + asked.suffix), asked.images)
  table = checks.image_paths(table, path)
  traits = _read_traits(table, path, asked.trait_low, asked.trait_high)
  labels = read_labels(table, path, asked)
  if labels.distributions.is_empty() and traits.is_empty():
    raise UserError(f"{path}: beside `path` it has neither score, nor p1..pN, nor O, C, E, A, N")
  return Database(
    name="table",
    image_root=root or _image_root(path, asked.images),
    images=_split_images(table, path, asked.test, asked.validation, asked.seed),
    distributions=labels.distributions,
    ratings=_split_users(labels.ratings, asked.test_users, asked.seed),
    traits=traits,
    scale=labels.scale,
    notes=labels.notes,
  )


def _from_root(table: pl.DataFrame, images: str) -> tuple[pl.DataFrame, Path | None]:
  """Absolute paths as relative ones, and the folder that holds them all; None where none is.

  That is `images` where it is given, else the deepest folder that they share.
  """
  names = table["path"].drop_nulls().to_list()
  if not names or not all(os.path.isabs(name) for name in names):
    return table, None
  root = os.path.abspath(images) if images else os.path.commonpath(map(os.path.dirname, names))
  relative = pl.col("path").map_elements(lambda n: os.path.relpath(n, root), pl.String)
  return table.with_columns(relative), Path(root)


def read_labels(table: pl.DataFrame, path: Path, asked: Options) -> Labels:
  """Scores of a table as table_file.read gives it, whose `path` is checked; see the module.

  Raises:
    UserError: line of `path` and what is wrong.
  """
  if "user" in table.columns and "score" in table.columns:
    return _read_ratings(table, path, asked)
  checks.unique(table, "path", path, "image")
  return _read_distributions(table, path, asked)


def usual_scale(lowest: float, highest: float) -> tuple[float, float, int] | None:
  """(low, high, buckets) of the first usual scale that holds all scores, if one does."""
  fitting = (usual for usual in USUAL_SCALES if usual[0] <= lowest and highest <= usual[1])
  return next(fitting, None)


def _image_root(path: Path, images: str) -> Path:
  if images:
    return Path(images)
  beside = path.parent / "images"
  return beside if beside.is_dir() else path.parent


def _read_traits(table: pl.DataFrame, path: Path, low: float, high: float) -> pl.DataFrame:
  """`path`, the traits, and `user` where there is one; no rows where the table has no traits."""
  if not trait_columns.find(table):
    return NO_TRAITS
  user = [name for name in ("user",) if name in table.columns]
  if user and "score" in table.columns:
    raise UserError(f"{path}: scores by user and traits need a table each")
  return trait_columns.scale(table, path, low, high).select(*user, "path", *TRAITS)


def _read_ratings(table: pl.DataFrame, path: Path, asked: Options) -> Labels:
  """A table of single ratings."""
  table, scale, notes = _read_scores(table, path, asked)
  ratings, repeated = checks.ratings(table, path, asked.repeats)
  if repeated:
    notes += (f"{repeated} repeated ratings are counted once",)
  return Labels(counting.count_scores(ratings, scale), ratings, scale, notes)


def _read_distributions(table: pl.DataFrame, path: Path, asked: Options) -> Labels:
  """A table with a row an image; its counts, where it has a score too."""
  number = {name: re.fullmatch(r"p([1-9]\d*)", name) for name in table.columns}
  columns = sorted((int(match[1]), name) for name, match in number.items() if match)
  if columns:
    if [n for n, _ in columns] != list(range(1, len(columns) + 1)) or len(columns) < 2:
      raise UserError(f"{path}: the counts are not p1, p2, ..., pN without a gap")
    low, high, buckets = asked.low, asked.high, asked.buckets
    if buckets not in (0, len(columns)):
      raise UserError(f"{path}: it has {len(columns)} counts, not buckets={buckets}")
    low, high = (low, high) if low < high else (1.0, float(len(columns)))
    table = checks.counts(table, [name for _, name in columns], path)
    return Labels(table.select("path", "counts"), scale=_even(low, high, len(columns)))
  if "score" in table.columns:
    table, scale, notes = _read_scores(table, path, asked)
    return Labels(counting.count_scores(table, scale), scale=scale, notes=notes)
  return Labels()


def _read_scores(table: pl.DataFrame, path: Path, asked: Options) -> tuple:
  """The table with numbers in `score`, the scale that holds them, and what was inferred."""
  low, high, buckets = asked.low, asked.high, asked.buckets
  if low < high:
    table = checks.numbers(table, ["score"], path, low, high)
    buckets = buckets or round(high - low) + 1
    if buckets < 2:
      raise UserError(f"scores from {low:g} to {high:g} need buckets=N, at least 2")
    return table, _even(low, high, buckets), ()
  table = checks.numbers(table, ["score"], path)
  scores = table["score"].to_numpy()
  lowest, highest = scores.min(), scores.max()
  usual = usual_scale(lowest, highest)
  if usual is None:
    raise UserError(f"{path}: scores from {lowest:g} to {highest:g}; say their low= and high=")
  low, high, usual_buckets = usual
  note = f"the scores are taken to be {low:g}..{high:g}; low= and high= say otherwise"
  return table, _even(low, high, buckets or usual_buckets), (note,)


def _even(low: float, high: float, buckets: int) -> tuple[float, ...]:
  return tuple(low + (high - low) * b / (buckets - 1) for b in range(buckets))


def _split_users(ratings: pl.DataFrame, count: int, seed: int) -> pl.DataFrame:
  """`ratings` with the column `split`: `count` users for testing."""
  if ratings.is_empty():
    return NO_RATINGS
  users = ratings["user"].n_unique()
  if not 0 <= count < users:
    raise UserError(f"test_users={count} of {users} users")
  test = draws.draw(ratings["user"], count, seed, "table users")
  return draws.split_off(ratings, "user", test)


def _split_images(
  table: pl.DataFrame, path: Path, test: float, validation: float, seed: int
) -> pl.DataFrame:
  """`path, split`, a row an image in the order of their first row."""
  if "split" not in table.columns:
    images = table.select("path").unique(maintain_order=True)
    images = draws.hold_out(draws.split_off(images, "path", []), "test", test, seed)
    return draws.hold_out(images, "validation", validation, seed)
  split = pl.col("split").str.to_lowercase().replace("val", "validation")
  table = table.with_columns(split.alias("split"))
  said = pl.format(f"split '{{}}' is none of {', '.join(SPLITS)}", "split")
  text_table.refuse(table, ~pl.col("split").is_in(SPLITS), path, said)
  first = pl.col("split").first().over("path")
  said = pl.format("image '{}' stands in another split above", "path")
  text_table.refuse(table, pl.col("split") != first, path, said)
  images = table.select("path", "split").unique(maintain_order=True)
  if "validation" in images["split"].to_list():
    return images
  return draws.hold_out(images, "validation", validation, seed)
