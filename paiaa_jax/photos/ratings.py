"""A person's ratings, and a table of path and rating that holds them."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

from paiaa_jax.errors import UserError
from paiaa_jax.files import atomic_write, reading
from paiaa_jax.photos import table
from paiaa_jax.photos.names import cell, path_of

STARS = (1.0, 5.0)
COLUMNS = ("path", "rating")
NAMES = "surrogateescape"  # file names need not be UTF-8


class Ratings(NamedTuple):
  """n photographs with one rating each.

  Attributes:
    paths: [n]; values: [n] ratings on `scale`, or star_values.REJECTED.
    scale: (lowest, highest) possible.
    initial: photographs whose one star may be darktable's initial one.
  """

  paths: list[Path]
  values: list[float]
  scale: tuple[float, float]
  initial: frozenset[Path] = frozenset()

  def only(self, keep: Callable[[Path, float], bool]) -> Ratings:
    """Those of which `keep(path, value)` is true."""
    pairs = [pair for pair in zip(self.paths, self.values, strict=True) if keep(*pair)]
    paths = [path for path, _ in pairs]
    return Ratings(paths, [value for _, value in pairs], self.scale, self.initial & set(paths))


def read_table(path: Path, scale: tuple[float, float] = STARS) -> Ratings:
  """Reads a csv with columns path and rating; relative paths are sought beside it, then here.

  A row without a rating is one that was not rated yet. A photograph rated twice has the last one.

  Raises:
    UserError: no such table, or a column, number or photograph that is missing or wrong, with its
      line.
  """
  if not scale[0] < scale[1]:
    raise UserError(f"--scale is lowest, then highest: {scale[0]:g} is not below {scale[1]:g}.")
  found = {}
  for photo, text, where in _rated_rows(path):
    value = _number(text, scale, where)
    if not photo.is_file():
      what = "is a folder; a rating is of one photograph" if photo.is_dir() else "is not there"
      raise UserError(f"{where}: {photo} {what}; mend or delete the line.")
    found[photo] = value
  return Ratings(list(found), list(found.values()), scale)


def read_paths(path: Path) -> list[Path]:
  """The photographs that a table has a rating of, on whatever scale; see `read_table`."""
  return [photo for photo, _, _ in _rated_rows(path)]


def _rated_rows(path: Path) -> Iterator[tuple[Path, str, str]]:
  """(photograph, rating as text, where it stands) of each row with a rating."""
  with (
    reading(path, "a csv in UTF-8", csv.Error, make="`paiaa suggest` writes one to fill in"),
    path.open(encoding="utf-8-sig", errors=NAMES, newline="") as file,
  ):
    delimiter = _delimiter(file)
    rows = csv.DictReader(file, delimiter=delimiter)
    names = rows.fieldnames or []
    if missing := [name for name in COLUMNS if name not in names]:
      has = f"columns {', '.join(names)}" if names else "no columns"
      raise UserError(f"{path} has {has}; it needs {' and '.join(COLUMNS)}: no {missing[0]}.")
    for row in rows:
      text = (row["rating"] or "").strip()
      if row["path"] and text:
        text = text if delimiter == "," else text.replace(",", ".")  # 4,5 of a spreadsheet
        yield _beside(row["path"], path.parent), text, f"{path}, line {rows.line_num}"


def write_table(paths: Sequence[str], out: Path) -> None:
  """Writes a whole table of photographs to rate, ratings empty; an old one is not overwritten.

  Raises:
    UserError: there is one, perhaps with ratings in it.
  """
  check_new(out)
  with (
    atomic_write(out) as draft,
    draft.open("w", encoding="utf-8", newline="") as file,
  ):
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((cell(path), "") for path in paths)


def check_new(out: Path) -> None:
  """Refuses, before any work, a place where no new table can be written."""
  table.check_place(out, "a table to fill in", (".csv",))
  if out.exists():
    raise UserError(f"{out} exists; it may hold ratings. Name another file.")


def _delimiter(file: TextIO) -> str:
  """A comma, or what spreadsheets write where the comma is a decimal sign; back at the start."""
  header = file.readline()
  file.seek(0)
  return next((sign for sign in ";\t" if sign in header and "," not in header), ",")


def _number(text: str, scale: tuple[float, float], where: str) -> float:
  low, high = scale
  try:
    value = float(text)
  except ValueError:
    value = math.nan
  if not low <= value <= high:
    raise UserError(
      f"{where}: rating {text!r} is no number from {low:g} to {high:g}; other ratings need "
      "--scale LOWEST HIGHEST."
    )
  return value


def _beside(text: str, folder: Path) -> Path:
  beside, path = path_of(str(folder / text)), path_of(text)
  return beside if beside.exists() or not path.exists() else path
