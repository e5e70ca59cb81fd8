"""Ratings that a person gave in a photo manager, read from sidecars and image files."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from paiaa_jax.errors import UserError
from paiaa_jax.photos import files, xmp
from paiaa_jax.photos.names import counted, printable
from paiaa_jax.photos.ratings import STARS, Ratings
from paiaa_jax.photos.sidecars import Listings
from paiaa_jax.photos.star_values import REJECTED


def read_stars(folders: Sequence[Path], recursive: bool) -> Ratings:
  """Ratings that a person gave in a photo manager; our own predictions do not count.

  A value is REJECTED (-1) for a rejection, and else above 0 and at most 5: half stars stay halves.
  The scale is 1 to 5, or begins at the lowest value where that is less. A photograph whose rating
  cannot be read or is no number of stars is named on stderr, and the others are read all the same.

  Raises:
    UserError: no such folder.
  """
  found, initial, listings = {}, [], Listings()
  for path in files.find_photos(folders, recursive, pairs=True):
    try:
      rating = xmp.read_rating(path, listings)
      if (value := rating.human) is None:
        continue
      if value != REJECTED and not 0 < value <= STARS[1]:
        raise UserError(f"rating {value:g} is no number of stars up to {STARS[1]:g}.")
    except UserError as error:
      print(printable(f"{path}: passed over: {error}"), file=sys.stderr)
      continue
    found[path] = value
    if rating.perhaps_initial:
      initial.append(path)
  low = min([STARS[0], *(value for value in found.values() if value != REJECTED)])
  return Ratings(list(found), list(found.values()), (low, STARS[1]), frozenset(initial))


def settle_initial(ratings: Ratings, count: bool | None) -> Ratings:
  """The ratings with or without the stars that may be darktable's; says what is done with them.

  Args:
    ratings: what was read.
    count: whether they count; None asks a person at the terminal, and leaves them out where there
      is none.
  """
  if not ratings.initial:
    return ratings
  n = len(ratings.initial)
  told = (
    f"{n} of {counted(len(ratings.paths), 'rating')} {'is' if n == 1 else 'are'} 1 star by "
    "darktable, which it gives on import"
  )
  if count is None and sys.stdin.isatty() and sys.stderr.isatty():
    print(f"{told}. Did you give them? [y/N] ", end="", file=sys.stderr, flush=True)
    count = sys.stdin.readline().strip().lower() in ("y", "yes")
  elif count is None:
    print(f"{told}; they are left out. --initial-star counts them", file=sys.stderr)
  else:
    print(f"{told}; they are {'counted' if count else 'left out'}", file=sys.stderr)
  return ratings if count else ratings.only(lambda path, _: path not in ratings.initial)
