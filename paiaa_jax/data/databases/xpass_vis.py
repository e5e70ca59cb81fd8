"""XPASS-Vis (Hayashi et al., arXiv 2606.15629): 6,526 works of art, outfits and sceneries, each
scored 1..7 by some of 129 people, whose Big-Five is known.

    <folder>/ratings.csv        a rating: user_id, sample_id, sample_file, Aesthetic, emotions
    <folder>/images/<file>      or sample/; of a scenery that was shown as x.mp4, a frame x.jpg

The layout is that of public scripts that read the files; people and photographs have no published
folds there, so both are drawn.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from paiaa_jax.data.databases import checks, counting, draws, folders, text_table
from paiaa_jax.data.databases.database import Database

SCALE = tuple(float(score) for score in range(1, 8))


def load(
  folder: str | Path,
  *,
  fold: int = 0,
  folds: int = 5,
  validation: float = 0.05,
  seed: int = 0,
  repeats: str = "refuse",
) -> Database:
  """Reads XPASS-Vis; distributions count the people for training alone.

  Args:
    folder: holds ratings.csv and the images.
    fold: 0..folds - 1, which part of the people and which part of the images are for testing.
    folds: into how many parts either is drawn by `seed`.
    validation: fraction of the training images held out.
    seed: of the draws.
    repeats: where a person scored one image twice: "refuse" different scores, or take the "mean".

  Raises:
    UserError: a bad line in a file, no such fold, or no ratings.csv.
  """
  folder = Path(folder)
  ratings, notes = read_ratings(folder, repeats)
  tested = draws.fold_members(ratings["user"], fold, folds, seed, "xpass-vis people")
  ratings = draws.split_off(ratings, "user", tested)
  images = ratings.select("path").unique(maintain_order=True)
  shown = draws.fold_members(images["path"], fold, folds, seed, "xpass-vis images")
  return Database(
    name="xpass_vis",
    image_root=folders.image_root(folder, ("images", "sample")),
    images=draws.hold_out(draws.split_off(images, "path", shown), "validation", validation, seed),
    distributions=counting.count_scores(ratings.filter(pl.col("split") == "train"), SCALE),
    ratings=ratings,
    scale=SCALE,
    notes=notes,
  )


def read_ratings(folder: Path, repeats: str = "refuse") -> tuple[pl.DataFrame, tuple[str, ...]]:
  """`user, path, score`, a row a rating, and a note where rows were repeats."""
  path = folders.need_file(folder, ("ratings.csv", "maked/ratings.csv"))
  table = text_table.read(path)
  checks.columns(table, ("user_id", "sample_file", "Aesthetic"), path)
  table = table.rename({"user_id": "user", "sample_file": "path", "Aesthetic": "score"})
  spoilt = pl.col("path").str.starts_with("#NAME?")
  text_table.refuse(table, spoilt, path, "a spreadsheet has replaced the file's name by #NAME?")
  table = table.with_columns(pl.col("path").str.replace(r"(?i)\.mp4$", ".jpg"))
  table = checks.numbers(checks.image_paths(table, path), ["score"], path, SCALE[0], SCALE[-1])
  ratings, repeated = checks.ratings(table, path, repeats)
  return ratings, (f"{repeated} repeated ratings are counted once",) if repeated else ()
