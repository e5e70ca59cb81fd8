"""Vessel's photographs (Vessel et al.; in Conwell et al., PNAS 2025): each scored 1..7 by the same
17 or 18 people, who saw every photograph of a kind two or three times.

    <folder>/ratings.csv       Subj, Block (which showing, from 1), ImageType, Image, Rating
    <folder>/images/<Image>

Repeats are kept, as they tell how far people agree with themselves.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from paiaa_jax.data.databases import checks, counting, draws, folders, text_table
from paiaa_jax.data.databases.database import Database
from paiaa_jax.data.text_file import LINE
from paiaa_jax.errors import UserError

SCALE = tuple(float(score) for score in range(1, 8))


def load(
  folder: str | Path,
  *,
  kind: str = "",
  fold: int = 0,
  folds: int = 5,
  validation: float = 0.05,
  seed: int = 0,
) -> Database:
  """Reads Vessel's ratings.

  Everybody is for testing, as seventeen people are too few to divide. Distributions count first
  ratings. In `ratings`, those of one photograph by one user stand in the order of its showings.

  Args:
    folder: holds ratings.csv and images/.
    kind: an ImageType, such as lsc (landscapes) or ari (interiors); "" takes all.
    fold: 0..folds - 1, the photographs of the test split.
    folds: into how many parts the photographs are drawn by `seed`.
    validation: fraction of the training photographs held out.
    seed: of the draws.

  Raises:
    UserError: a bad line, no such kind or fold, or no ratings.csv.
  """
  folder = Path(folder)
  path = folders.need_file(folder, ("ratings.csv",))
  ratings = read_ratings(path)
  kinds = ratings["kind"].unique().sort().to_list()
  if kind and kind not in kinds:
    raise UserError(f"{path}: no photograph of the kind {kind!r}; it has {', '.join(kinds)}")
  ratings = ratings.filter(pl.col("kind") == kind) if kind else ratings
  images = ratings.select("path").unique(maintain_order=True)
  test = draws.fold_members(images["path"], fold, folds, seed, "vessel folds")
  images = draws.split_off(images, "path", test)
  first = ratings.unique(["user", "path"], keep="first", maintain_order=True)
  return Database(
    name="vessel",
    image_root=folders.image_root(folder, ("images",)),
    images=draws.hold_out(images, "validation", validation, seed),
    distributions=counting.count_scores(first, SCALE),
    ratings=ratings.select("user", "path", "score", split=pl.lit("test")),
    scale=SCALE,
    notes=(f"{ratings.height - first.height} ratings are repeats by the same user",),
  )


def read_ratings(path: Path) -> pl.DataFrame:
  """ratings.csv -> `user, path, kind, block, score`, a row a rating.

  Users, and the photographs of each, stand in the order of their first rows; the ratings of one
  photograph by one user in the order of `block`, which counts its showings from 1.
  """
  table = text_table.read(path)
  checks.columns(table, ("Subj", "Block", "ImageType", "Image", "Rating"), path)
  table = table.rename(
    {"Subj": "user", "Block": "block", "ImageType": "kind", "Image": "path", "Rating": "score"}
  )
  table = checks.image_paths(table, path)
  table = checks.numbers(table, ["score"], path, SCALE[0], SCALE[-1])
  table = checks.numbers(table, ["block"], path, 1, 99)
  text_table.refuse(table, pl.col("user") == "", path, "the user is empty")
  whole = pl.col("block").round() == pl.col("block")
  text_table.refuse(table, ~whole, path, pl.format("block {} is no whole number", "block"))
  first = table.with_columns(
    line=pl.col(LINE).first().over("user", "path", "block"),
    first_kind=pl.col("kind").first().over("path"),
  )
  said = pl.format("user '{}' rates image '{}' twice in block {}", "user", "path", "block")
  text_table.refuse(first, pl.col(LINE) != pl.col("line"), path, said)
  said = pl.format("image '{}' is of the kind '{}', but '{}' above", "path", "kind", "first_kind")
  text_table.refuse(first, pl.col("kind") != pl.col("first_kind"), path, said)
  place = [pl.col(LINE).min().over(group) for group in (["user"], ["user", "path"])]
  table = table.sort(*place, "block").with_columns(pl.col("block").cast(pl.Int64))
  return table.select("user", "path", "kind", "block", "score")
