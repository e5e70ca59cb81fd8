"""A delimited text file of any make: its text, its separator, and the cells of quoted lines.

UTF-8, UTF-16 with its mark, CR, LF and CRLF are taken as they come. No table library is needed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from paiaa_jax.errors import UserError

LINE = "(line)"  # the column of 1-based line numbers; a file with such a header is refused

_SEPARATORS = ("\t", ";", ",", "|", "=")  # else blanks; EVA separates by '='
_UNITS = {".json": "entry", ".parquet": "row", ".mat": "row"}  # what LINE counts, if not lines
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def decode(data: bytes, path: Path) -> str:
  """The text of the file `path` with LF line ends and without a byte order mark.

  Raises:
    UserError: empty, or not UTF-8 (or UTF-16 with its mark), naming the line.
  """
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


def separator_of(text: str) -> str:
  """The separator that is most frequent in the first line; a blank where there is none."""
  first = text.lstrip().partition("\n")[0]
  separator = max(_SEPARATORS, key=first.count)
  return separator if separator in first else " "


def quoted_cells(text: str, separator: str, path: Path) -> list[tuple[int, list[str]]]:
  """(line, its cells) of each line that is not blank, where cells may stand in quotes."""
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
  return rows


def header_names(cells: Sequence[str], path: Path) -> list[str]:
  """The first line's cells as names of columns; an empty one is numbered."""
  names = [name.strip() or f"column_{i}" for i, name in enumerate(cells, start=1)]
  refuse_doubled(names, path)
  if LINE in names:
    raise UserError(f"{path}, line 1: a column is called {LINE}")
  return names


def refuse_doubled(names: Sequence[str], path: Path) -> None:
  """Raises UserError where two columns have one name, whatever the case of its letters."""
  plain = [name.strip().casefold() for name in names]
  if doubled := [name for name, key in zip(names, plain, strict=True) if plain.count(key) > 1]:
    shown = "".join(c if c.isprintable() else "?" for c in doubled[0][:100])
    raise UserError(f"{path}: two columns have the same name {shown!r}")


def place(path: Path, line: int) -> str:
  """Where a row stands, in words: the file, and the line of it or what it has in their place."""
  return f"{path}, {_UNITS.get(path.suffix.lower(), 'line')} {line}"


def expected(names: Sequence[str]) -> str:
  """What a line of another width is told."""
  return f"where {len(names)} {'is' if len(names) == 1 else 'are'} expected"
