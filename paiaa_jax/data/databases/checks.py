"""What every label table must satisfy; each check raises one ValueError with file and line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from paiaa_jax.data.databases.text_table import refuse
from paiaa_jax.data.text_file import LINE
from paiaa_jax.errors import UserError


def columns(table: pl.DataFrame, wanted: Sequence[str], path: Path) -> None:
  """All of `wanted` are there."""
  if missing := [name for name in wanted if name not in table.columns]:
    there = ", ".join(repr(name) for name in table.columns if name != LINE)
    raise UserError(f"{path}: no column {missing[0]!r}; it has {there[:300]}")


def parse(column: pl.Series) -> pl.Series:
  """A column's numbers as Float64, null where there is none."""
  if column.dtype == pl.String:
    column = column.str.replace(r"^([+-]?\d+),(\d+)$", "${1}.${2}")
  return column.cast(pl.Float64, strict=False)


def numbers(
  table: pl.DataFrame,
  wanted: Sequence[str],
  path: Path,
  low: float = -float("inf"),
  high: float = float("inf"),
) -> pl.DataFrame:
  """`wanted` as finite Float64 within low..high; a comma may be the decimal sign, as in 4,5."""
  parsed = table.with_columns(*(parse(table[name]) for name in wanted))
  for name in wanted:
    text = table[name].cast(pl.String).fill_null("").alias("text")
    row = parsed.select(LINE, pl.col(name).alias("value"), text)
    said = pl.format(f"column {name!r} holds '{{}}', {{}}", "text", pl.lit("not a number"))
    refuse(row, ~pl.col("value").is_finite().fill_null(False), path, said)
    allowed = f"outside {low:g}..{high:g}" if high < float("inf") else f"below {low:g}"
    said = pl.format(f"column {name!r} holds {{}}, {allowed}", "text")
    refuse(row, (pl.col("value") < low) | (pl.col("value") > high), path, said)
  return parsed


def counts(table: pl.DataFrame, wanted: Sequence[str], path: Path) -> pl.DataFrame:
  """`wanted`, a column a bucket, joined into a list column `counts`; none negative, not all 0."""
  for name in wanted:
    if table[name].dtype == pl.String:
      said = pl.format(f"column {name!r} holds '{{}}': thousands, or a decimal comma?", name)
      refuse(table, pl.col(name).str.contains(r"^[1-9]\d{0,2},\d{3}$"), path, said)
  table = numbers(table, wanted, path, low=0)
  total = pl.sum_horizontal(wanted)
  refuse(table, total <= 0, path, "the counts sum to zero")
  refuse(table, total.is_infinite(), path, "the counts sum to infinity")
  # Through an array: pl.concat_list takes ten times as long.
  return table.drop(wanted).with_columns(table.select(counts=pl.concat_arr(wanted).arr.to_list()))


def unique(table: pl.DataFrame, key: str, path: Path, what: str) -> None:
  """No two rows have the same `key`, which is a `what`."""
  first = pl.col(LINE).first().over(key).alias("first")
  said = pl.format(f"{what} '{{}}' stands on line {{}} already", key, "first")
  refuse(table.with_columns(first), pl.col(LINE) != pl.col("first"), path, said)


def image_paths(table: pl.DataFrame, path: Path) -> pl.DataFrame:
  """Column `path` as relative paths with '/', none of which leaves the image folder."""
  table = table.with_columns(pl.col("path").str.replace_all("\\", "/", literal=True))
  table = table.with_columns(pl.col("path").str.replace(r"^(\./)+", ""))
  image = pl.col("path")
  refuse(table, image.fill_null("") == "", path, "the image's name is empty")
  outside = image.str.contains(r"(^|/)\.\.(/|$)|^/|^[A-Za-z]:")
  said = pl.format("image '{}' would lie outside the image folder", "path")
  refuse(table, outside, path, said)
  said = pl.format("image '{}' holds a control character", "path")
  refuse(table, image.str.contains(r"[\x00-\x1f]"), path, said)
  return table


def ratings(table: pl.DataFrame, path: Path, repeats: str = "refuse") -> tuple[pl.DataFrame, int]:
  """One row a (user, path), in the order of their first row.

  Args:
    table: LINE, `user, path, score` and perhaps more.
    path: the file, for the error.
    repeats: where one user scored one image twice: "refuse" different scores, or their "mean".

  Returns:
    `user, path, score`, and how many rows were dropped as repeats.
  """
  if repeats not in ("refuse", "mean"):
    raise UserError(f"unknown repeats {repeats!r}; one of refuse, mean")
  refuse(table, pl.col("user").fill_null("") == "", path, "the user is empty")
  pair = ["user", "path"]
  if repeats == "refuse":
    first = table.with_columns(pl.col(LINE, "score").first().over(pair).name.prefix("first_"))
    said = pl.format(
      "user '{}' gives image '{}' the score {}, but {} on line {}; repeats=mean takes the mean",
      *pair, "score", "first_score", f"first_{LINE}",
    )  # fmt: skip
    refuse(first, pl.col("score") != pl.col("first_score"), path, said)
  once = table.group_by(pair, maintain_order=True).agg(pl.col("score").mean())
  return once, table.height - once.height
