"""Anyone's csv, tsv, txt, jsonl or parquet -> one table of strings with the usual column names."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar, cast

import polars as pl

from paiaa_jax.data import plain_table, text_file
from paiaa_jax.data.databases import opened, text_table
from paiaa_jax.data.plain_table import SUFFIXES, known_names
from paiaa_jax.data.text_file import LINE
from paiaa_jax.errors import UserError

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)


def find(source: Path) -> Path:
  """`source` itself, or the one table in the folder `source`."""
  if not source.is_dir():
    return source
  tables = sorted(path for path in source.glob("*.*") if path.suffix.lower() in SUFFIXES)
  if not tables:
    raise UserError(f"{source} holds no table ({', '.join(SUFFIXES)})")
  if len(tables) > 1:
    raise UserError(f"{source} holds {len(tables)} tables; name one of them, such as {tables[0]}")
  return tables[0]


def read(path: Path) -> pl.DataFrame:
  """LINE and the file's columns as strings, a list column `counts` spread over p1..pN.

  Raises:
    UserError: the file is none of these formats, broken, or has two columns of one name.
  """
  plain_table.check_suffix(path)
  readers = {".jsonl": _read_jsonl, ".parquet": _read_parquet}
  table = readers.get(path.suffix.lower(), text_table.read)(path)
  text_file.refuse_doubled(table.columns, path)
  return table.rename(known_names(table.columns))


def key_by_path(table: Frame) -> Frame:
  """A table of images with `path` as their key, whatever usual name it stands under.

  Earlier versions of this package wrote `image`.
  """
  names = known_names(table.collect_schema().names())
  return cast(Frame, table.rename({name: key for name, key in names.items() if key == "path"}))


def _read_jsonl(path: Path) -> pl.DataFrame:
  """One JSON object a line."""
  table = text_table.lines(path)
  names, rows = plain_table.objects(table.iter_rows(), path)
  columns = {name: pl.Series([row[name] for row in rows], dtype=pl.String) for name in names}
  return pl.DataFrame({**columns, LINE: table[LINE]})


def _read_parquet(path: Path) -> pl.DataFrame:
  data = opened.read_bytes(path)
  try:
    table = pl.read_parquet(data)
    lists = [name for name, dtype in table.schema.items() if dtype in (pl.List, pl.Array)]
    plain = [name for name in table.columns if name not in lists]
    table = table.with_columns(pl.col(plain).cast(pl.String).fill_null(""))
    table = table.drop(LINE, strict=False).with_row_index(LINE, offset=1)
  except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
    raise UserError(f"{path}: no parquet file of numbers and words") from error
  if table.is_empty():
    raise UserError(f"{path}: the table has no rows")
  if "counts" not in lists:
    return table.drop(lists)
  counts = pl.col("counts").cast(pl.List(pl.String)).list
  width = int(table["counts"].list.len().fill_null(0).to_numpy().max())
  text_table.refuse(table, (counts.len() != width).fill_null(True), path, f"not {width} counts")
  spread = [counts.get(i).fill_null("").alias(f"p{i + 1}") for i in range(width)]
  return table.with_columns(spread).drop(lists)
