"""A delimited text file of any make -> a polars table of strings that knows its line numbers.

UTF-8, UTF-16 with its mark, CR, LF and CRLF, blanks around cells, quotes and the usual separators
are taken as they come; a file that is no table is one UserError that names the file and the line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from paiaa_jax.data.databases import opened
from paiaa_jax.errors import UserError

LINE = "(line)"  # the column of 1-based line numbers; a file with such a header is refused

_SEPARATORS = ("\t", ";", ",", "|", "=")  # else blanks; EVA separates by '='
_UNITS = {".json": "entry", ".parquet": "row", ".mat": "row"}  # what LINE counts, if not lines
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read(path: Path, names: Sequence[str] | None = None) -> pl.DataFrame:
  """Reads all cells as stripped strings.

  Args:
    path: the file; its separator is the one that is most frequent in its first line.
    names: the columns of a file without a header, () for `column_1, column_2` and so on; None
      takes them from the first line.

  Returns:
    Column LINE (uint32), then one String column a name. Lines of nothing but blanks are left out.

  Raises:
    UserError: empty, not UTF-8 (or UTF-16 with its mark), or lines of different width.
  """
  cells = _cells(_text(path), path)
  numbered = [f"column_{i + 1}" for i in range(len(cells["cells"][0]))]
  if names is None:
    header, cells = cells["cells"][0].to_list(), cells[1:]
    names = [name.strip() or number for name, number in zip(header, numbered, strict=True)]
    refuse_doubled(names, path)
    if LINE in names:
      raise UserError(f"{path}, line 1: a column is called {LINE}")
  names = names or numbered
  if cells.is_empty():
    raise UserError(f"{path}: nothing but a header")
  width = pl.col("cells").list.len()
  expected = f"where {len(names)} {'is' if len(names) == 1 else 'are'} expected"
  count = pl.when(width == 1).then(pl.lit("1 column")).otherwise(pl.format("{} columns", width))
  refuse(cells, width != len(names), path, pl.format("{} {}", count, pl.lit(expected)))
  columns = [pl.col("cells").list.get(i).str.strip_chars().alias(n) for i, n in enumerate(names)]
  return cells.select(LINE, *columns)


def lines(path: Path) -> pl.DataFrame:
  """LINE and `text` of each line that is not blank; errors as in `read`."""
  return _lines(_text(path))


def refuse_doubled(names: Sequence[str], path: Path) -> None:
  """Raises UserError where two columns have one name, whatever the case of its letters."""
  plain = [name.strip().casefold() for name in names]
  if doubled := [name for name, key in zip(names, plain, strict=True) if plain.count(key) > 1]:
    shown = "".join(c if c.isprintable() else "?" for c in doubled[0][:100])
    raise UserError(f"{path}: two columns have the same name {shown!r}")


def place(path: Path, line: int) -> str:
  """Where a row stands, in words: the file, and the line of it or what it has in their place."""
  return f"{path}, {_UNITS.get(path.suffix.lower(), 'line')} {line}"


def refuse(table: pl.DataFrame, bad: pl.Expr, path: Path, reason: pl.Expr | str) -> None:
  """Raises one UserError for the rows where `bad`: file, first line, its reason, how many more."""
  rows = table.filter(bad)
  if rows.is_empty():
    return
  reason = pl.lit(reason) if isinstance(reason, str) else reason
  line, text = rows.head(1).select(LINE, reason.alias("reason")).row(0)
  text = "".join(c if c.isprintable() else "?" for c in str(text))
  text = text if len(text) <= 300 else text[:300] + "..."
  more = f" (and {rows.height - 1} more like it)" if rows.height > 1 else ""
  raise UserError(f"{place(path, line)}: {text}{more}")


def _text(path: Path) -> str:
  """The file's text with LF line ends and without a byte order mark."""
  data = opened.read_bytes(path)
  encoding = "utf-16" if data.startswith(_UTF16) else "utf-8-sig"
  try:
    text = data.decode(encoding)
  except UnicodeDecodeError as error:
    line = len((data[: error.start] + b".").splitlines())
    raise UserError(f"{path}, line {line}: not text in UTF-8; save it as UTF-8") from error
  if "\0" in text:
    raise UserError(f"{path}: not text in UTF-8, it holds zero bytes; save it as UTF-8")
  if not text.strip():
    raise UserError(f"{path}: the file is empty")
  return text.replace("\r\n", "\n").replace("\r", "\n")


def _cells(text: str, path: Path) -> pl.DataFrame:
  """LINE and the list `cells` of each line that is not blank."""
  first = text.lstrip().partition("\n")[0]
  separator = max(_SEPARATORS, key=first.count)
  separator = separator if separator in first else " "
  if '"' in text:
    return _quoted_cells(text, separator, path)
  content = pl.col("text")
  if separator == " ":
    content = content.str.strip_chars().str.replace_all(r"\s{2,}|[^\S ]", " ")
  return _lines(text).select(LINE, cells=content.str.split(separator))


def _lines(text: str) -> pl.DataFrame:
  """LINE and `text` of each line that is not blank."""
  lines = pl.DataFrame({"text": text.split("\n")}).with_row_index(LINE, offset=1)
  return lines.filter(pl.col("text").str.strip_chars() != "")


def _quoted_cells(text: str, separator: str, path: Path) -> pl.DataFrame:
  """As `_cells`, for quotes: polars' csv reader knows them too, but not its line numbers."""
  if separator == " ":
    text = text.replace("\t", " ")
  stream = io.StringIO(text, newline="")
  reader = csv.reader(stream, delimiter=separator, skipinitialspace=True, strict=True)
  try:
    rows = [(reader.line_num, row) for row in reader if "".join(row).strip()]
  except csv.Error as error:
    raise UserError(f"{path}, line {reader.line_num}: {error}") from error
  if not rows:
    raise UserError(f"{path}: the file is empty")
  schema = {LINE: pl.UInt32, "cells": pl.List(pl.String)}
  return pl.DataFrame(rows, schema, orient="row")
