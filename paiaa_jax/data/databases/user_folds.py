"""The four published folds of users of PARA and of LAPIS (Chen et al., 2025).

<folder>/userset/TestUserIDs_Fold1.txt    to Fold4, a user a line
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from paiaa_jax.data.databases import checks, draws, folders, text_table
from paiaa_jax.errors import UserError

FOLDS = 4


def split(ratings: pl.DataFrame, folder: Path, fold: int) -> pl.DataFrame:
  """`ratings` with the column `split`, of their users.

  Args:
    ratings: with a column `user`.
    folder: of the database; holds userset/.
    fold: 1..FOLDS, whose users are for testing; 0: everyone is for training.

  Raises:
    UserError: no such fold, no such file, or a user in it who has rated nothing.
  """
  if not 0 <= fold <= FOLDS:
    raise UserError(f"fold {fold}: it goes from 1 to {FOLDS}, or 0 for none")
  if fold == 0:
    return ratings.with_columns(split=pl.lit("train"))
  name = f"TestUserIDs_Fold{fold}.txt"
  path = folders.need_file(folder, (f"userset/{name}", f"annotation/userset/{name}", name))
  listed = text_table.read(path, names=("user",))
  listed = listed.with_columns(pl.col("user").str.replace(r"\.0$", ""))  # LAPIS's numbers
  checks.unique(listed, "user", path, "user")
  known = pl.col("user").is_in(ratings["user"].unique().to_list())
  text_table.refuse(listed, ~known, path, pl.format("user '{}' has rated nothing", "user"))
  return draws.split_off(ratings, "user", listed["user"].to_list())
