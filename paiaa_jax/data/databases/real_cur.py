"""REAL-CUR (Ren et al., ICCV 2017): albums of 14 people, each rated 1..5 by the one who took them.

    <folder>/real_cur.csv                      worker, image, score
    <folder>/images/<worker>/<score>/<image>   or the photographs themselves, without a csv

Everybody is for testing, as fourteen people are too few to divide: a generic score comes from
another database.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from paiaa_jax.data import text_file
from paiaa_jax.data.databases import checks, counting, draws, folders, text_table
from paiaa_jax.data.databases.database import Database
from paiaa_jax.data.formats import SUFFIXES
from paiaa_jax.errors import UserError

SCALE = (1.0, 2.0, 3.0, 4.0, 5.0)
FILES = ("real_cur.csv", "REAL-CUR.csv", "REAL-CUR_image_labeled_by_each_worker.csv")


def load(
  folder: str | Path,
  *,
  fold: int = 0,
  folds: int = 5,
  validation: float = 0.05,
  seed: int = 0,
  repeats: str = "refuse",
) -> Database:
  """Reads REAL-CUR.

  Args:
    folder: holds the csv or the folders of photographs.
    fold: 0..folds - 1, the photographs of the test split.
    folds: into how many parts the photographs are drawn by `seed`.
    validation: fraction of the training photographs held out.
    seed: of the draws.
    repeats: where a photograph was scored twice: "refuse" different scores, or take the "mean".

  Raises:
    UserError: a bad line, no such fold, or neither a csv nor photographs.
  """
  folder = Path(folder)
  path = folders.find_file(folder, FILES)
  table, path = (_read_csv(path), path) if path else (_read_folders(folder), folder)
  table = checks.numbers(checks.image_paths(table, path), ["score"], path, SCALE[0], SCALE[-1])
  ratings, repeated = checks.ratings(table, path, repeats)
  images = ratings.select("path").unique(maintain_order=True)
  tested = draws.fold_members(images["path"], fold, folds, seed, "real-cur folds")
  images = draws.split_off(images, "path", tested)
  return Database(
    name="real_cur",
    image_root=folders.image_root(folder, ("images",)),
    images=draws.hold_out(images, "validation", validation, seed),
    distributions=counting.count_scores(ratings, SCALE),
    ratings=ratings.with_columns(split=pl.lit("test")),
    scale=SCALE,
    notes=(f"{repeated} repeated ratings are counted once",) if repeated else (),
  )


def _read_csv(path: Path) -> pl.DataFrame:
  table = text_table.read(path)
  checks.columns(table, ("worker", "image", "score"), path)
  return table.rename({"worker": "user", "image": "path"})


def _read_folders(folder: Path) -> pl.DataFrame:
  """What the names of the folders say, in the order of the names."""
  root = folder / "images"
  found = sorted(path for path in root.glob("*/*/*") if path.suffix.lower() in SUFFIXES)
  if not found:
    raise UserError(f"{folder} holds none of: {', '.join(FILES)}, images/WORKER/SCORE/IMAGE")
  parts = [path.relative_to(root).parts for path in found]
  return pl.DataFrame(
    {
      text_file.LINE: range(1, len(parts) + 1),
      "user": [user for user, _, _ in parts],
      "score": [score for _, score, _ in parts],
      "path": ["/".join(names) for names in parts],
    }
  )
