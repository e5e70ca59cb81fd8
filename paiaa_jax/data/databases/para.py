"""PARA (Yang et al., CVPR 2022): 31,220 photographs, each rated by about 25 of 438 people, whose
Big-Five is known. Licence: research only.

    <folder>/annotation/PARA-Images.csv     a rating: sessionId, imageName, userId, aestheticScore
    <folder>/annotation/PARA-UserInfo.csv   a person: userId, personality-E, -A, -N, -O, -C (1..10)
    <folder>/annotation/PARA-GiaaTest.csv   the test images of the generic split
    <folder>/imgs/<sessionId>/<imageName>
    <folder>/userset/TestUserIDs_Fold1.txt  to Fold4, of para_image_user_split.tar.gz, where a fold
                                            of people is asked for
    <folder>/validation_images.txt          of the same archive; without it the draw is seeded
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from paiaa_jax.data import text_file
from paiaa_jax.data.databases import (
  checks,
  counting,
  draws,
  folders,
  text_table,
  trait_columns,
  user_folds,
)
from paiaa_jax.data.databases.database import Database
from paiaa_jax.types import TRAITS

SCALE = (1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0)
TRAIT_RANGE = (1.0, 10.0)


def load(
  folder: str | Path,
  *,
  fold: int = 0,
  min_likers: int = 3,
  validation: float = 0.05,
  seed: int = 0,
  repeats: str = "refuse",
) -> Database:
  """Reads PARA.

  An image's traits are those of the people who like it: the mean, over the people who score it
  above the mean of all their own scores, of each trait scaled from 1..10 to [-1, 1]; none where
  fewer than `min_likers` like it. Distributions and traits count only the people for training.

  Args:
    folder: holds annotation/ and imgs/.
    fold: 1..4, whose people are for testing; 0: everyone is for training.
    min_likers: people.
    validation: fraction of the training images, drawn by `seed`, without validation_images.txt.
    seed: of that draw.
    repeats: where a person scored one image twice: "refuse" different scores, or take the "mean".

  Raises:
    UserError: a bad line in a file, no such fold, or a table that is not there.
  """
  folder = Path(folder)
  ratings, notes = _read_ratings(folder, repeats)
  ratings = user_folds.split(ratings, folder, fold)
  crowd = ratings.filter(pl.col("split") == "train")
  images = ratings.select("path").unique(maintain_order=True)
  return Database(
    name="para",
    image_root=folders.image_root(folder, ("imgs",)),
    images=_split_images(images, folder, validation, seed),
    distributions=counting.count_scores(crowd, SCALE),
    ratings=ratings,
    traits=traits_of_likers(crowd, read_people(_annotation(folder, "UserInfo")), min_likers),
    scale=SCALE,
    notes=notes,
  )


def read_people(path: Path) -> pl.DataFrame:
  """PARA-UserInfo.csv -> `user` and the five traits in [-1, 1]."""
  table = text_table.read(path)
  checks.columns(table, ("userId",), path)
  checks.unique(table, "userId", path, "user")
  table = trait_columns.scale(table, path, *TRAIT_RANGE)
  return table.select(pl.col("userId").alias("user"), *TRAITS)


def traits_of_likers(ratings: pl.DataFrame, people: pl.DataFrame, min_likers: int) -> pl.DataFrame:
  """`path` and the mean traits of the people who like it; see `load` for the rule."""
  likes = ratings.filter(pl.col("score") > pl.col("score").mean().over("user"))
  likers = likes.join(people, "user", maintain_order="left").group_by("path", maintain_order=True)
  means = likers.agg(pl.col(TRAITS).mean(), pl.len().alias("likers"))
  return means.filter(pl.col("likers") >= min_likers).drop("likers")


def _annotation(folder: Path, table: str) -> Path:
  return folders.need_file(folder, (f"annotation/PARA-{table}.csv", f"PARA-{table}.csv"))


def _read_ratings(folder: Path, repeats: str) -> tuple[pl.DataFrame, tuple[str, ...]]:
  """`user, path, score`, and a note where rows were repeats."""
  path = _annotation(folder, "Images")
  table = _with_image(text_table.read(path), path, ("userId", "aestheticScore"))
  table = checks.numbers(table, ["aestheticScore"], path, SCALE[0], SCALE[-1])
  table = table.rename({"userId": "user", "aestheticScore": "score"})
  ratings, repeated = checks.ratings(table, path, repeats)
  return ratings, (f"{repeated} repeated ratings are counted once",) if repeated else ()


def _with_image(table: pl.DataFrame, path: Path, others: tuple[str, ...] = ()) -> pl.DataFrame:
  """LINE, `path` as <sessionId>/<imageName>, and `others`."""
  checks.columns(table, ("sessionId", "imageName", *others), path)
  image = pl.format("{}/{}", "sessionId", "imageName").alias("path")
  return checks.image_paths(table.select(text_file.LINE, image, *others), path)


def _split_images(images: pl.DataFrame, folder: Path, validation: float, seed: int) -> pl.DataFrame:
  """`images` with the column `split`, by the lists where they are there."""
  path = _annotation(folder, "GiaaTest")
  test = _with_image(text_table.read(path), path).unique("path", maintain_order=True)
  known = pl.col("path").is_in(images["path"].to_list())
  text_table.refuse(test, ~known, path, pl.format("image '{}' has no ratings", "path"))
  images = draws.split_off(images, "path", test["path"].to_list())
  path = folders.find_file(folder, ("validation_images.txt", "annotation/validation_images.txt"))
  if path is None:
    return draws.hold_out(images, "validation", validation, seed)
  listed = text_table.read(path, names=("file",))
  files = images.with_columns(file=pl.col("path").str.extract(r"([^/]+)$"))
  train = files.filter(pl.col("split") == "train")["file"].to_list()
  said = pl.format("image '{}' is none of the training images", "file")
  text_table.refuse(listed, ~pl.col("file").is_in(train), path, said)
  held_out = pl.col("file").is_in(listed["file"].to_list())
  split = pl.when(held_out).then(pl.lit("validation")).otherwise("split")
  return files.select("path", split.alias("split"))
