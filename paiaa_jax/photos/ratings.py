"""A person's ratings in: from a table of path and rating, or from the stars of a photo manager."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

from paiaa_jax.photos import files, xmp

STARS = (1.0, 5.0)
COLUMNS = ("path", "rating")


class Ratings(NamedTuple):
  """n photographs with one rating each.

  Attributes:
    paths: [n]; values: [n] ratings.
    scale: (lowest, highest) possible.
  """

  paths: list[Path]
  values: list[float]
  scale: tuple[float, float]


def read_table(path: Path, scale: tuple[float, float] = STARS) -> Ratings:
  """Reads a csv with columns path and rating; relative paths are sought beside it, then here.

  A row without a rating is one that was not rated yet. A photograph rated twice has the last one.

  Raises:
    FileNotFoundError: no such table.
    ValueError: a column or number that is missing or out of scale, with its line.
  """
  if not path.is_file():
    raise FileNotFoundError(f"{path}: no such table of ratings.")
  if not scale[0] < scale[1]:
    raise ValueError(f"--scale is lowest, then highest: {scale[0]:g} is not below {scale[1]:g}.")
  found = {}
  try:
    with path.open(encoding="utf-8-sig", newline="") as file:
      rows = csv.DictReader(file, delimiter=_delimiter(file))
      names = rows.fieldnames or []
      if missing := [name for name in COLUMNS if name not in names]:
        has = f"columns {', '.join(names)}" if names else "no columns"
        raise ValueError(f"{path} has {has}; it needs {' and '.join(COLUMNS)}: no {missing[0]}.")
      for row in rows:
        if row["path"] and (row["rating"] or "").strip():
          value = _number(row["rating"], scale, f"{path}, line {rows.line_num}")
          found[_beside(Path(row["path"]), path.parent)] = value
  except (UnicodeDecodeError, csv.Error) as error:
    raise ValueError(f"{path} is no csv in UTF-8 ({error}).") from error
  return Ratings(list(found), list(found.values()), scale)


def read_stars(folders: Sequence[Path], recursive: bool) -> Ratings:
  """Stars 1..5 that a person gave in a photo manager; rejections and our predictions do not count.

  Raises:
    FileNotFoundError: no such folder.
    ValueError: a sidecar that is no XMP, by name.
  """
  found = {path: xmp.read_rating(path).human for path in files.find_photos(folders, recursive)}
  found = {path: float(stars) for path, stars in found.items() if stars and 1 <= stars <= 5}
  return Ratings(list(found), list(found.values()), STARS)


def write_table(paths: Sequence[str], out: Path) -> None:
  """Writes a table of photographs to rate, its ratings empty; an old one is not overwritten.

  Raises:
    FileExistsError: there is one, perhaps with ratings in it.
  """
  try:
    with out.open("x", encoding="utf-8", newline="") as file:
      writer = csv.writer(file, lineterminator="\n")
      writer.writerow(COLUMNS)
      writer.writerows((path, "") for path in paths)
  except FileExistsError as error:
    raise FileExistsError(f"{out} exists; it may hold ratings. Name another file.") from error


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
    raise ValueError(
      f"{where}: rating {text!r} is no number from {low:g} to {high:g}; other ratings need "
      "--scale LOWEST HIGHEST."
    )
  return value


def _beside(path: Path, folder: Path) -> Path:
  beside = folder / path
  return beside if beside.exists() or not path.exists() else path
