"""The images of a database that cannot be packed, left_out.csv: columns path, split, reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from paiaa_jax import files
from paiaa_jax.errors import UserError

MOST = 0.01  # of the images; a copy that lacks more is refused
SCHEMA = {"path": pl.String, "split": pl.String, "reason": pl.String}


def collect(names: Mapping[str, Sequence[str]], refused: Mapping[str, str]) -> pl.DataFrame:
  """The table of the refused (image -> reason), in the order of `names`, those of each split."""
  rows = [
    (name, split, refused[name])
    for split, listed in names.items()
    for name in listed
    if name in refused
  ]
  return pl.DataFrame(rows, SCHEMA, orient="row")


def write(folder: Path, table: pl.DataFrame) -> None:
  """Writes <folder>/left_out.csv."""
  files.write_frame(folder / "left_out.csv", table)


def read(folder: Path, manifest: dict) -> pl.DataFrame:
  """The table of a prepared folder; earlier versions kept it in the manifest."""
  if isinstance(manifest["left_out"], list):
    return pl.DataFrame(manifest["left_out"], SCHEMA)
  path = folder / "left_out.csv"
  with files.reading(path, "a table", pl.exceptions.PolarsError):
    return pl.read_csv(path, schema=SCHEMA)


def refuse_gaps(table: pl.DataFrame, images: int, folder: Path | None = None) -> None:
  """Raises UserError where more than MOST of `images` are left out; `folder` has their list."""
  if len(table) <= MOST * images:
    return
  path, _, reason = table.row(0)
  listed = f", and all are listed in {folder / 'left_out.csv'}" if folder else ""
  raise UserError(
    f"{len(table):,} of {images:,} images cannot be packed, more than {MOST:.0%}; the first is "
    f"{path} ({reason}){listed}. Complete the copy, or give --allow_missing."
  )


def reasons(table: pl.DataFrame) -> list[tuple[str, int]]:
  """The five most frequent reasons, without what they tell of one image, and how many have them."""
  short = table.select(pl.col("reason").str.replace(r" \(.*|[:;].*", ""))["reason"]
  return list(short.value_counts(sort=True).head(5).iter_rows())
