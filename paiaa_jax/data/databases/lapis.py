"""LAPIS (Maerten et al., CVPR 2025): 11,723 paintings, each rated 0..100 by about 24 of 568 people.

    <folder>/annotation/LAPIS_PIAA.csv      a rating: participant_id, image_filename, rating
    <folder>/annotation/LAPIS_individualratings_metaANDdemodata.csv   the same, with response
    <folder>/images/<image>                 or datasetImages_originalSize/
    <folder>/imageset/TestImageSet.txt      an image a line; ValImageSet.txt likewise
    <folder>/userset/TestUserIDs_Fold1.txt  to Fold4, where a fold of people is asked for

The folders imageset/ and userset/ are those of lapis_image_user_split.tar.gz (Chen et al., 2025).
An image's name is the last part of image_filename, before which some copies have its style; a
person's number may end in .0.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from paiaa_jax.data.databases import checks, counting, draws, folders, text_table, user_folds
from paiaa_jax.data.databases.database import Database
from paiaa_jax.errors import UserError

SCALE = tuple(float(score) for score in range(0, 101, 10))
FILES = ("LAPIS_PIAA.csv", "LAPIS_individualratings_metaANDdemodata.csv")


def load(
  folder: str | Path,
  *,
  fold: int = 0,
  validation: float = 0.05,
  seed: int = 0,
  repeats: str = "refuse",
) -> Database:
  """Reads LAPIS; distributions count the people for training alone.

  Args:
    folder: holds annotation/ and images/.
    fold: 1..4, whose people are for testing; 0: everyone is for training.
    validation: fraction of the training images, drawn by `seed`, without ValImageSet.txt.
    seed: of that draw.
    repeats: where a person scored one image twice: "refuse" different scores, or take the "mean".

  Raises:
    UserError: a bad line in a file, no such fold, or a table that is not there.
  """
  folder = Path(folder)
  ratings, notes = read_ratings(folder, repeats)
  ratings = user_folds.split(ratings, folder, fold)
  images = ratings.select("path").unique(maintain_order=True)
  images = draws.split_off(images, "path", _listed(folder, "TestImageSet.txt", images))
  if _find(folder, "ValImageSet.txt"):
    held_out = pl.col("path").is_in(_listed(folder, "ValImageSet.txt", images))
    split = pl.when(held_out & (pl.col("split") == "train")).then(pl.lit("validation"))
    images = images.with_columns(split.otherwise("split").alias("split"))
  else:
    images = draws.hold_out(images, "validation", validation, seed)
  return Database(
    name="lapis",
    image_root=folders.image_root(folder, ("images", "datasetImages_originalSize")),
    images=images,
    distributions=counting.count_scores(ratings.filter(pl.col("split") == "train"), SCALE),
    ratings=ratings,
    scale=SCALE,
    notes=notes,
  )


def read_ratings(folder: Path, repeats: str = "refuse") -> tuple[pl.DataFrame, tuple[str, ...]]:
  """`user, path, score`, a row a rating, and notes on rows that were left out."""
  path = folders.need_file(
    folder, [f"{room}{name}" for name in FILES for room in ("annotation/", "")]
  )
  table = text_table.read(path)
  score = "rating" if "rating" in table.columns else "response"
  checks.columns(table, ("participant_id", "image_filename", score), path)
  table = table.rename({"participant_id": "user", "image_filename": "path", score: "score"})
  whole = table.filter((pl.col("user") != "") & (pl.col("score") != ""))
  named = whole.with_columns(
    pl.col("path").str.extract(r"([^/\\]*)$"), pl.col("user").str.replace(r"\.0$", "")
  )
  named = checks.numbers(checks.image_paths(named, path), ["score"], path, SCALE[0], SCALE[-1])
  ratings, repeated = checks.ratings(named, path, repeats)
  notes = {
    "rows without a person or a rating are left out": table.height - whole.height,
    "repeated ratings are counted once": repeated,
  }
  return ratings, tuple(f"{count} {what}" for what, count in notes.items() if count)


def _find(folder: Path, name: str) -> Path | None:
  return folders.find_file(folder, (f"imageset/{name}", f"annotation/imageset/{name}", name))


def _listed(folder: Path, name: str, images: pl.DataFrame) -> list[str]:
  """The images of a list, each one of `images`."""
  path = _find(folder, name)
  if path is None:
    raise UserError(f"{folder} holds no imageset/{name}")
  listed = text_table.read(path, names=("path",)).with_columns(
    pl.col("path").str.extract(r"([^/\\]*)$")
  )
  known = pl.col("path").is_in(images["path"].to_list())
  text_table.refuse(listed, ~known, path, pl.format("image '{}' has no ratings", "path"))
  return listed["path"].to_list()
