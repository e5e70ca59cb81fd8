"""Anyone's csv, tsv, txt, jsonl or parquet -> one table of strings with the usual column names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar, cast

import polars as pl

from paiaa_jax.data.databases import opened, text_table
from paiaa_jax.data.databases.text_table import LINE
from paiaa_jax.errors import UserError

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)

SUFFIXES = (".csv", ".tsv", ".txt", ".jsonl", ".parquet")
ALIASES = {
  "path": ("image", "imagename", "imagepair", "image_id", "imageid", "filename", "file"),
  "user": ("userid", "user_id", "worker", "worker_id", "workerid", "rater"),
  "score": ("rating", "stars", "mean_score"),
}


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
  suffix = path.suffix.lower()
  if suffix not in SUFFIXES:
    raise UserError(f"{path}: a table is one of {', '.join(SUFFIXES)}")
  readers = {".jsonl": _read_jsonl, ".parquet": _read_parquet}
  table = readers.get(suffix, text_table.read)(path)
  text_table.refuse_doubled(table.columns, path)
  return table.rename(_known_names(table.columns))


def key_by_path(table: Frame) -> Frame:
  """A table of images with `path` as their key, whatever usual name it stands under.

  Earlier versions of this package wrote `image`.
  """
  names = _known_names(table.collect_schema().names())
  return cast(Frame, table.rename({name: key for name, key in names.items() if key == "path"}))


def _known_names(columns: list[str]) -> dict[str, str]:
  """Column -> `path`, `user` or `score`, where a column has another name for it."""
  plain = {name.strip().lower(): name for name in columns}
  return {
    next(plain[alias] for alias in (wanted, *aliases) if alias in plain): wanted
    for wanted, aliases in ALIASES.items()
    if wanted not in columns and any(alias in plain for alias in (wanted, *aliases))
  }


def _read_jsonl(path: Path) -> pl.DataFrame:
  """One JSON object a line."""
  table = text_table.lines(path)
  entries = [_object(line, text, path) for line, text in table.iter_rows()]
  names = list(dict.fromkeys(name for entry in entries for name in entry))
  columns = {name: [entry.get(name, "") for entry in entries] for name in names}
  columns = {name: pl.Series(column, dtype=pl.String) for name, column in columns.items()}
  return pl.DataFrame({**columns, LINE: table[LINE]})


def _object(line: int, text: str, path: Path) -> dict[str, str]:
  """A JSON object's values as strings; its list `counts` as p1, p2 and so on."""
  try:
    entry = dict(json.loads(text).items())
    # JSON may escape half a character, which is no text
    json.dumps(entry, ensure_ascii=False).encode()
  except (ValueError, AttributeError, RecursionError) as error:
    raise UserError(f"{path}, line {line}: no JSON object") from error
  counts = entry.pop("counts", [])
  if not isinstance(counts, list):
    raise UserError(f"{path}, line {line}: counts is no list")
  entry |= {f"p{i}": count for i, count in enumerate(counts, start=1)}
  return {name: "" if value is None else str(value) for name, value in entry.items()}


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
