"""A delimited text file of any make -> a polars table of strings that knows its line numbers.

UTF-8, UTF-16 with its mark, CR, LF and CRLF, blanks around cells, quotes and the usual separators
are taken as they come; a file that is no table is one UserError that names the file and the line.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from paiaa_jax.data import text_file
from paiaa_jax.data.databases import opened
from paiaa_jax.data.text_file import LINE
from paiaa_jax.errors import UserError


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
  if names is None:
    names, cells = text_file.header_names(cells["cells"][0].to_list(), path), cells[1:]
  names = names or [f"column_{i + 1}" for i in range(len(cells["cells"][0]))]
  if cells.is_empty():
    raise UserError(f"{path}: nothing but a header")
  width = pl.col("cells").list.len()
  count = pl.when(width == 1).then(pl.lit("1 column")).otherwise(pl.format("{} columns", width))
  refuse(
    cells, width != len(names), path, pl.format("{} {}", count, pl.lit(text_file.expected(names)))
  )
  columns = [pl.col("cells").list.get(i).str.strip_chars().alias(n) for i, n in enumerate(names)]
  return cells.select(LINE, *columns)


def lines(path: Path) -> pl.DataFrame:
  """LINE and `text` of each line that is not blank; errors as in `read`."""
  return _lines(_text(path))


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
  raise UserError(f"{text_file.place(path, line)}: {text}{more}")


def _text(path: Path) -> str:
  return text_file.decode(opened.read_bytes(path), path)


def _cells(text: str, path: Path) -> pl.DataFrame:
  """LINE and the list `cells` of each line that is not blank."""
  separator = text_file.separator_of(text)
  if '"' in text:
    schema = {LINE: pl.UInt32, "cells": pl.List(pl.String)}
    return pl.DataFrame(text_file.quoted_cells(text, separator, path), schema, orient="row")
  content = pl.col("text")
  if separator == " ":
    content = content.str.strip_chars().str.replace_all(r"\s{2,}|[^\S ]", " ")
  return _lines(text).select(LINE, cells=content.str.split(separator))


def _lines(text: str) -> pl.DataFrame:
  """LINE and `text` of each line that is not blank."""
  lines = pl.DataFrame({"text": text.split("\n")}).with_row_index(LINE, offset=1)
  return lines.filter(pl.col("text").str.strip_chars() != "")
