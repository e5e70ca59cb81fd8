"""A person's ratings, and a table of path and rating that holds them."""

from __future__ import annotations

import csv
import math
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from paiaa_jax.data import plain_table, text_file
from paiaa_jax.errors import UserError
from paiaa_jax.files import atomic_write
from paiaa_jax.personalization.likelihood import Choice
from paiaa_jax.personalization.profile import Profile
from paiaa_jax.photos import table as tables
from paiaa_jax.photos.names import cell, path_of
from paiaa_jax.photos.star_values import REJECTED

STARS = (1.0, 5.0)
COLUMNS = ("path", "rating")
REJECTED_TEXT = "rejected"  # in the place of a rating


class Ratings(NamedTuple):
  """n photographs with one rating each, or compared with others.

  Attributes:
    paths: [n]; values: [n] ratings on `scale`, star_values.REJECTED, or NaN where there is none.
    scale: (lowest, highest) possible.
    initial: photographs whose one star may be darktable's initial one.
    choices: whose rows are of `paths`.
    start: a profile that is learnt on from.
  """

  paths: list[Path]
  values: list[float]
  scale: tuple[float, float]
  initial: frozenset[Path] = frozenset()
  choices: tuple[Choice, ...] = ()
  start: Profile | None = None

  def only(self, keep: Callable[[Path, float], bool]) -> Ratings:
    """Those of which `keep(path, value)` is true."""
    pairs = [pair for pair in zip(self.paths, self.values, strict=True) if keep(*pair)]
    paths = [path for path, _ in pairs]
    return Ratings(paths, [value for _, value in pairs], self.scale, self.initial & set(paths))


def read_table(path: Path, scale: tuple[float, float] = STARS) -> Ratings:
  """Reads a table of photographs and ratings; relative paths are sought beside it, then here.

  Its columns are `path` (or image, file, filename) and `rating` (or stars, score); its form is any
  of data.plain_table. A row without a rating is one that was not rated yet. A photograph
  rated twice has the last one. `rejected` stands for a rejection.

  Raises:
    UserError: no such table, or a column, number or photograph that is missing or wrong, with its
      line.
  """
  check_scale(scale)
  found = {}
  for photo, text, value, where in _rated_rows(path):
    if text.lower() == REJECTED_TEXT:
      value = REJECTED
    elif value is None or not scale[0] <= value <= scale[1]:
      raise UserError(
        f"{where}: rating {text!r} is no number from {scale[0]:g} to {scale[1]:g}; other ratings "
        "need --scale LOWEST HIGHEST."
      )
    if not os.path.isfile(photo):
      what = (
        "is a folder; a rating is of one photograph" if os.path.isdir(photo) else "is not there"
      )
      raise UserError(f"{where}: {photo} {what}; mend or delete the line.")
    found[photo] = value
  return Ratings(list(found), list(found.values()), scale)


def check_scale(scale: tuple[float, float]) -> None:
  """Refuses a scale that is not two numbers, lowest and then highest."""
  if not all(map(math.isfinite, scale)):
    raise UserError(f"--scale is two numbers, got {scale[0]:g} {scale[1]:g}.")
  if not scale[0] < scale[1]:
    raise UserError(f"--scale is lowest, then highest: {scale[0]:g} is not below {scale[1]:g}.")


def read_paths(path: Path) -> list[Path]:
  """The photographs that a table has a rating of, on whatever scale; see `read_table`."""
  return [photo for photo, *_ in _rated_rows(path)]


def _rated_rows(path: Path) -> Iterator[tuple[Path, str, float | None, str]]:
  """(photograph, rating as text and as number, where it stands) of each row with a rating."""
  if not path.exists():
    raise UserError(f"{path} is missing; `paiaa suggest` writes one to fill in.")
  table = plain_table.read(path)
  rating = _rating_column(table.columns, path)
  for line, row in table.rows:
    name, text = row["path"], row[rating].strip()
    if name and text:
      yield beside(name, path.parent), text, _number(text), text_file.place(path, line)


def _number(text: str) -> float | None:
  """A number, whose decimal sign may be a comma; None where there is none."""
  try:
    return float(re.sub(r"^([+-]?\d+),(\d+)$", r"\1.\2", text))
  except ValueError:
    return None


def _rating_column(names: Sequence[str], path: Path) -> str:
  """`rating` by its own name, else what table_file found for `score`."""
  own = [name for name in names if name.lower() == "rating"]
  others = [name for name in names if name.lower() in ("score", "stars")]
  if "path" not in names or not (own or others):
    missing = "rating" if "path" in names else "path"
    has = ", ".join(names)
    raise UserError(f"{path} has columns {has}; it needs path and rating: no {missing}.")
  if not own and len(others) > 1:
    raise UserError(f"{path} has columns {' and '.join(others)}; call the one that counts rating.")
  return (own or others)[0]


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
  tables.check_place(out, "a table to fill in", (".csv",))
  if out.exists():
    raise UserError(f"{out} exists; it may hold ratings. Name another file.")


def beside(text: str, folder: Path) -> Path:
  """The path in a table that lies in `folder`: from there, or from here where it is only here."""
  there, path = path_of(str(folder / text)), path_of(text)
  return there if os.path.exists(there) or not os.path.exists(path) else path
