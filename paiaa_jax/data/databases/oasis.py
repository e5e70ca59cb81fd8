"""OASIS-beauty: 900 photographs (Kurdi et al. 2017), beauty 1..7 from 757 people, about 225
photographs each (Brielmann and Pelli, Front. Psychol. 2019).

    <folder>/OASIS.csv           a row a photograph: Theme, Category, Valence_mean, Arousal_mean
    <folder>/corrData.mat        MATLAB 5: corrData [people, photographs], NaN where not rated; its
                                 columns are OASIS.csv's rows
    <folder>/images/<Theme>.jpg  compared without blanks and case

There is no Big-Five. The auxiliary outputs are the norms: valence and arousal scaled to [-1, 1],
and each category as 1 or -1.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import scipy.io

from paiaa_jax.data.databases import checks, counting, draws, folders, opened, text_table
from paiaa_jax.data.databases.database import Database
from paiaa_jax.data.text_file import LINE
from paiaa_jax.errors import UserError

SCALE = tuple(float(score) for score in range(1, 8))
CATEGORIES = ("animal", "object", "person", "scenery")
AUX_NAMES = ("valence", "arousal", *CATEGORIES)


def load(
  folder: str | Path,
  *,
  fold: int = 0,
  folds: int = 5,
  rater_fold: int = 0,
  people: int = 37,
  validation: float = 0.05,
  seed: int = 0,
) -> Database:
  """Reads OASIS-beauty.

  Photographs and people are divided independently. Distributions count the crowd alone, the
  people for training.

  Args:
    folder: holds OASIS.csv, corrData.mat and images/.
    fold: 0..folds - 1, the photographs of the test split.
    folds: into how many parts the photographs are drawn by `seed`.
    rater_fold: which block of the people, shuffled by `seed`, is for testing; counts from 0.
    people: size of such a block; the last one may be smaller.
    validation: fraction of the training photographs held out.
    seed: of the draws.

  Raises:
    UserError: a bad line, a score outside 1..7, no such fold, or a file that is not there.
  """
  folder = Path(folder)
  norms = read_norms(folders.need_file(folder, ("OASIS.csv",)))
  root = folders.image_root(folder, ("images",))
  norms = norms.with_columns(_file_names(norms["theme"], root))
  ratings = read_ratings(folders.need_file(folder, ("corrData.mat",)), norms["path"])
  ratings = _split_people(ratings, rater_fold, people, seed)
  rated = norms.join(ratings, "path", "semi", maintain_order="left")
  test = draws.fold_members(rated["path"], fold, folds, seed, "oasis folds")
  images = draws.split_off(rated.select("path"), "path", test)
  unrated = norms.height - rated.height
  notes = (f"{unrated} photographs have no ratings and are left out",) if unrated else ()
  return Database(
    name="oasis",
    image_root=root,
    images=draws.hold_out(images, "validation", validation, seed),
    distributions=counting.count_scores(ratings.filter(pl.col("split") == "train"), SCALE),
    ratings=ratings,
    traits=rated.select("path", *AUX_NAMES),
    scale=SCALE,
    aux_names=AUX_NAMES,
    notes=notes,
  )


def read_norms(path: Path) -> pl.DataFrame:
  """OASIS.csv -> `theme` and AUX_NAMES, in the file's order."""
  table = text_table.read(path)
  means = {"Valence_mean": "valence", "Arousal_mean": "arousal"}
  checks.columns(table, ("Theme", "Category", *means), path)
  checks.unique(table, "Theme", path, "theme")
  table = checks.numbers(table, list(means), path, SCALE[0], SCALE[-1])
  category = pl.col("Category").str.to_lowercase()
  said = pl.format(f"category '{{}}' is none of {', '.join(CATEGORIES)}", "Category")
  text_table.refuse(table, ~category.is_in(CATEGORIES), path, said)
  table = checks.image_paths(table.with_columns(pl.col("Theme").alias("path")), path)
  centre, reach = (SCALE[0] + SCALE[-1]) / 2, (SCALE[-1] - SCALE[0]) / 2
  return table.select(
    pl.col("path").alias("theme"),
    *[((pl.col(mean) - centre) / reach).alias(name) for mean, name in means.items()],
    *[pl.when(category == name).then(1.0).otherwise(-1.0).alias(name) for name in CATEGORIES],
  )


def read_ratings(path: Path, photographs: pl.Series) -> pl.DataFrame:
  """corrData.mat -> `user, path, score`; a user is named by the row, rater001 and so on."""
  try:
    scores = scipy.io.loadmat(opened.note(path), variable_names=["corrData"])["corrData"].astype(
      np.float64
    )
  except Exception as error:  # on broken bytes scipy's parser raises a dozen types
    reason = " ".join(str(error).split())[:200]
    raise UserError(f"{path}: no MATLAB 5 file with a matrix corrData ({reason})") from error
  if scores.ndim != 2 or scores.shape[1] != len(photographs):
    raise UserError(
      f"{path}: corrData is {'x'.join(map(str, scores.shape))}; "
      f"its columns must be the {len(photographs)} rows of OASIS.csv"
    )
  person, photograph = np.nonzero(~np.isnan(scores))
  table = pl.DataFrame({LINE: person + 1, "score": scores[person, photograph]})
  table = table.with_columns(photographs.gather(photograph).alias("path"))
  off = ~pl.col("score").is_between(SCALE[0], SCALE[-1])
  said = pl.format("the score {} of '{}' is outside 1..7", "score", "path")
  text_table.refuse(table, off, path, said)
  if table.is_empty():
    raise UserError(f"{path}: corrData holds no rating")
  user = pl.format("rater{}", pl.col(LINE).cast(pl.String).str.zfill(3)).alias("user")
  return table.select(user, "path", "score")


def _file_names(themes: pl.Series, root: Path) -> pl.Series:
  """Each theme's file under root as `path`; <theme>.jpg where there is none."""

  def key(name: str) -> pl.Expr:
    return pl.col(name).str.replace_all(" ", "").str.to_lowercase().alias("key")

  listed = sorted(path.name for path in root.glob("*.*"))
  files = pl.DataFrame({"file": listed}, {"file": pl.String})
  files = files.filter(pl.col("file").str.contains(r"(?i)\.(jpe?g|png)$")).with_columns(
    pl.col("file").str.replace(r"\.[^.]*$", "").alias("stem")
  )
  files = files.with_columns(key("stem")).unique("key", keep="first", maintain_order=True)
  wanted = pl.DataFrame({"theme": themes}).with_columns(key("theme"))
  joined = wanted.join(files, "key", "left", maintain_order="left")
  return joined.select(pl.coalesce("file", pl.col("theme") + ".jpg").alias("path"))["path"]


def _split_people(ratings: pl.DataFrame, block: int, size: int, seed: int) -> pl.DataFrame:
  """`ratings` with the column `split` of their people."""
  users = ratings["user"].n_unique()
  if not 0 < size < users or not 0 <= block * size < users:
    raise UserError(f"no block {block} of {size} people among {users}")
  shuffled = draws.draw(ratings["user"], users, seed, "oasis people")
  return draws.split_off(ratings, "user", shuffled[block * size : (block + 1) * size])
