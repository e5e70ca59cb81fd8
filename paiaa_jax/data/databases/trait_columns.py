"""Columns of Big-Five traits: found by name, scaled from a questionnaire's range to [-1, 1]."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from paiaa_jax.data.databases import checks
from paiaa_jax.errors import UserError
from paiaa_jax.types import TRAITS


def find(table: pl.DataFrame) -> dict[str, str]:
  """Trait -> its column: the word or its first letter in either case, after `personality-` or not.

  Traits without a column are left out.
  """
  plain = {name.lower().removeprefix("personality-"): name for name in table.columns}
  found = {trait: plain.get(trait, plain.get(trait[0])) for trait in TRAITS}
  return {trait: name for trait, name in found.items() if name}


def scale(table: pl.DataFrame, path: Path, low: float, high: float) -> pl.DataFrame:
  """The five columns renamed to TRAITS and scaled from low..high to [-1, 1].

  Raises:
    UserError: a trait has no column, a value is no number, or one outside low..high.
  """
  if not low < high:
    raise UserError(f"traits from {low:g} to {high:g}: the lowest is not below the highest")
  found = find(table)
  if missing := [trait for trait in TRAITS if trait not in found]:
    letter = missing[0][0].upper()
    raise UserError(f"{path}: no column for {missing[0]} (named so, or {letter})")
  table = checks.numbers(table, list(found.values()), path, low, high)
  return table.rename({name: trait for trait, name in found.items()}).with_columns(
    (pl.col(TRAITS) - low) / (high - low) * 2 - 1
  )
