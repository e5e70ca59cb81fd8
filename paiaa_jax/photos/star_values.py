"""What a rating's text or number means; ratings are reals."""

from __future__ import annotations

import bisect
import math
import re
from typing import NamedTuple

REJECTED = -1.0  # of xmp:Rating: a person threw the photograph out
_REAL = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)", re.ASCII)  # XMP's type Real: no exponent
# The lowest percentage of one to five stars (Windows SDK, propkey.h: RATING_ONE_STAR_MIN ...).
_LOWEST_PERCENT = (1, 13, 38, 63, 88)


class Rating(NamedTuple):
  """What stands about stars in one place.

  Attributes:
    stars: None where there are none, 0 where not rated, REJECTED for a rejection.
    predicted: stars that we predicted and wrote.
    darktable: darktable wrote it, which gives every photograph one star when it imports it.
  """

  stars: float | None = None
  predicted: float | None = None
  darktable: bool = False

  @property
  def human(self) -> float | None:
    """The rating that a person gave: neither 0 nor our own prediction."""
    return self.stars if self.stars and self.stars != self.predicted else None

  @property
  def perhaps_initial(self) -> bool:
    """Whether it may be the star that darktable gave, and no person."""
    return self.darktable and self.human == 1


def real(text: str) -> float | None:
  """A decimal number; None where the text is none, as "", "4,5", "1e3" and "nan"."""
  found = _REAL.fullmatch(text.strip(" \t\r\n"))
  value = float(found[0]) if found else math.inf
  return value if math.isfinite(value) else None


def of_percent(percent: float | None) -> float | None:
  """Stars 0..5 of a percentage as Windows keeps it; None where it is none."""
  if percent is None or not 0 <= percent <= 100:
    return None
  return float(bisect.bisect_right(_LOWEST_PERCENT, max(percent, 1))) if percent else 0.0


def chosen(stars: list[float], predicted: float | None = None) -> float | None:
  """The rating of several in one place: a person's before 0 and before our prediction.

  Raises:
    ValueError: there are several of a person.
  """
  given = sorted({value for value in stars if value not in (0, predicted)})
  if len(given) > 1:
    raise ValueError(f"several ratings, {', '.join(f'{value:g}' for value in given)}")
  return given[0] if given else next(iter(stars), None)
