"""Seeded choices among images or users: which are held out, or in which fold they are.

The draw is among sorted names, so that the order of a file's lines does not matter.
"""

from __future__ import annotations

import polars as pl

from paiaa_jax import rng
from paiaa_jax.errors import UserError


def draw(names: pl.Series, count: int, seed: int, purpose: str) -> list[str]:
  """`count` of the distinct names, without replacement."""
  names = names.unique().sort()
  order = rng.generator(seed, purpose).permutation(len(names))
  return names.gather(order[:count]).to_list()


def split_off(table: pl.DataFrame, column: str, test: list[str]) -> pl.DataFrame:
  """`table` with the column `split`: "test" where `column` is one of `test`, else "train"."""
  is_test = pl.col(column).is_in(test)
  return table.with_columns(split=pl.when(is_test).then(pl.lit("test")).otherwise(pl.lit("train")))


def fold_members(names: pl.Series, fold: int, folds: int, seed: int, purpose: str) -> list[str]:
  """The names of one of `folds` parts whose sizes differ by at most one; fold is 0..folds - 1."""
  if not 0 <= fold < folds:
    raise UserError(f"fold {fold} of {folds}: it goes from 0 to {folds - 1}")
  shuffled = draw(names, names.n_unique(), seed, purpose)
  return shuffled[fold::folds]


def hold_out(images: pl.DataFrame, split: str, fraction: float, seed: int) -> pl.DataFrame:
  """`images` (`path, split`) with this fraction of its training images moved to `split`."""
  if not 0 <= fraction < 1:
    raise UserError(f"{split} is a fraction from 0 to below 1, not {fraction:g}")
  train = images.filter(pl.col("split") == "train")["path"]
  drawn = pl.col("path").is_in(draw(train, round(fraction * len(train)), seed, split))
  moved = pl.when(drawn).then(pl.lit(split)).otherwise("split")
  return images.with_columns(moved.alias("split"))
