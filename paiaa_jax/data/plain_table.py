"""Anyone's csv, tsv, txt or jsonl -> rows of strings with the usual column names, without polars.

For tables that a person fills in. data.databases.table_file reads the same files, and parquet, into
a polars table, a million rows in a second.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from paiaa_jax import extras, files
from paiaa_jax.data import text_file
from paiaa_jax.errors import UserError

SUFFIXES = (".csv", ".tsv", ".txt", ".jsonl", ".parquet")
ALIASES = {
  "path": ("image", "imagename", "imagepair", "image_id", "imageid", "filename", "file"),
  "user": ("userid", "user_id", "worker", "worker_id", "workerid", "rater"),
  "score": ("rating", "stars", "mean_score"),
}


class PlainTable(NamedTuple):
  """Columns by their usual names, and each row with the line that it stands on."""

  columns: list[str]
  rows: list[tuple[int, dict[str, str]]]


def read(path: Path) -> PlainTable:
  """Reads all cells as stripped strings; lines of nothing but blanks are left out.

  Raises:
    UserError: another format, an empty file, no UTF-8, lines of different width, two columns of
      one name.
  """
  check_suffix(path)
  if path.suffix.lower() == ".parquet":
    extras.require("polars", "a parquet table", "parquet")
    from paiaa_jax.data.databases import table_file

    frame = table_file.read(path)
    columns = [name for name in frame.columns if name != text_file.LINE]
    return PlainTable(columns, [(row.pop(text_file.LINE), row) for row in frame.to_dicts()])
  with files.reading(path, "a file"):
    data = files.read_regular(path)
  text = text_file.decode(data, path)
  table = _objects(text, path) if path.suffix.lower() == ".jsonl" else _cells(text, path)
  text_file.refuse_doubled(table.columns, path)
  known = known_names(table.columns)
  rows = [(line, {known.get(k, k): cell for k, cell in row.items()}) for line, row in table.rows]
  return PlainTable([known.get(name, name) for name in table.columns], rows)


def check_suffix(path: Path) -> None:
  """UserError for a file that is no table by its name."""
  if path.suffix.lower() not in SUFFIXES:
    raise UserError(f"{path}: a table is one of {', '.join(SUFFIXES)}")


def known_names(columns: Sequence[str]) -> dict[str, str]:
  """Column -> `path`, `user` or `score`, where a column has another name for it."""
  plain = {name.strip().lower(): name for name in columns}
  return {
    next(plain[alias] for alias in (wanted, *aliases) if alias in plain): wanted
    for wanted, aliases in ALIASES.items()
    if wanted not in columns and any(alias in plain for alias in (wanted, *aliases))
  }


def objects(lines: Iterable[tuple[int, str]], path: Path) -> tuple[list[str], list[dict[str, str]]]:
  """Names and rows of one JSON object a line; what a row lacks is an empty string."""
  entries = [_object(line, text, path) for line, text in lines]
  names = list(dict.fromkeys(name for entry in entries for name in entry))
  return names, [{name: entry.get(name, "") for name in names} for entry in entries]


def _objects(text: str, path: Path) -> PlainTable:
  lines = _lines(text)
  names, entries = objects(lines, path)
  return PlainTable(names, [(line, row) for (line, _), row in zip(lines, entries, strict=True)])


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


def _cells(text: str, path: Path) -> PlainTable:
  separator = text_file.separator_of(text)
  if '"' in text:
    found = text_file.quoted_cells(text, separator, path)
  else:
    found = [(line, _split(content, separator)) for line, content in _lines(text)]
  (_, header), *rows = found
  names = text_file.header_names(header, path)
  if not rows:
    raise UserError(f"{path}: nothing but a header")
  wrong = [(line, len(cells)) for line, cells in rows if len(cells) != len(names)]
  if wrong:
    line, width = wrong[0]
    count = "1 column" if width == 1 else f"{width} columns"
    more = f" (and {len(wrong) - 1} more like it)" if len(wrong) > 1 else ""
    where = text_file.place(path, line)
    raise UserError(f"{where}: {count} {text_file.expected(names)}{more}")
  cells = [(line, [cell.strip() for cell in row]) for line, row in rows]
  return PlainTable(names, [(line, dict(zip(names, row, strict=True))) for line, row in cells])


def _split(line: str, separator: str) -> list[str]:
  if separator == " ":
    line = re.sub(r"\s{2,}|[^\S ]", " ", line.strip())
  return line.split(separator)


def _lines(text: str) -> list[tuple[int, str]]:
  """(line number, text) of each line that is not blank."""
  return [(i, line) for i, line in enumerate(text.split("\n"), start=1) if line.strip()]
