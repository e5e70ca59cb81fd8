"""Stars in EXIF, whatever type their tag has; read by hand, so that nothing broken hides them.

TIFF 6.0 and BigTIFF: a header, then entries of 12 or 20 bytes. What EXIF says about stars are tags
of Microsoft's: 0x4746, stars, and 0x4749, a percentage.
"""

from __future__ import annotations

import contextlib
import math
import struct
from collections.abc import Sequence
from typing import NamedTuple

from paiaa_jax.errors import UserError
from paiaa_jax.photos import star_values
from paiaa_jax.photos.star_values import Rating

XMP = 700  # the tag of a TIFF's packet
_RATING, _PERCENT = 0x4746, 0x4749
_HEAD = b"Exif\0\0"
_UNDEFINED = 7  # one of them is a number, several are a text, as to ExifTool
_TEXTS = (2, _UNDEFINED, 129)  # ASCII, UTF-8
_RATIOS = {5: "II", 10: "ii"}
_FORMS = {
  **{1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I"},
  **{16: "Q", 17: "q", 18: "Q", **dict.fromkeys(_TEXTS, "B"), **_RATIOS},
}


class Entry(NamedTuple):
  """One tag of the first directory: its type, how many values, their bytes and their order."""

  kind: int
  count: int
  data: bytes
  order: str


def rating_of(exif: bytes, name: str, predicted: float | None = None) -> Rating:
  """Stars in EXIF, with or without its "Exif" in front, or in a whole TIFF.

  Args:
    exif: bytes.
    name: what an error calls them.
    predicted: stars that we predicted, by the XMP beside.

  Raises:
    UserError: a rating that is not understood.
  """
  found = entries(exif, (_RATING, _PERCENT))
  stars, percent = (_number(found[tag]) if tag in found else 0.0 for tag in (_RATING, _PERCENT))
  by_percent = star_values.of_percent(percent)
  if stars is None or by_percent is None:
    raise UserError(f"{name} has a rating in its EXIF that is not understood; it stays.")
  rating = Rating(stars, predicted)
  return rating if rating.human is not None else Rating(by_percent, predicted)


def entries(exif: bytes, tags: Sequence[int]) -> dict[int, Entry]:
  """These tags of the first directory, the first of each, up to where its bytes end."""
  found: dict[int, Entry] = {}
  exif = exif.removeprefix(_HEAD).removeprefix(_HEAD)  # PNGs hold it with and without
  order = {b"II": "<", b"MM": ">"}.get(exif[:2], "<")
  with contextlib.suppress(struct.error, OverflowError):
    big = struct.unpack_from(f"{order}H", exif, 2)[0] == 43
    word, start_at, counts = ("Q", 8, "Q") if big else ("I", 4, "H")
    (start,) = struct.unpack_from(order + word, exif, start_at)
    (number,) = struct.unpack_from(order + counts, exif, start)
    at, step = start + struct.calcsize(f"<{counts}"), 20 if big else 12
    for each in range(at, min(at + step * number, len(exif)), step):
      tag, kind, count = struct.unpack_from(f"{order}HH{word}", exif, each)
      if tag not in tags or tag in found:
        continue
      place = each + struct.calcsize(f"<HH{word}")
      size = count * struct.calcsize(f"<{_FORMS.get(kind, 'B')}")
      if size > struct.calcsize(f"<{word}"):
        (place,) = struct.unpack_from(order + word, exif, place)
      found[tag] = Entry(kind, count, exif[place : place + size], order)
  return found


def _number(entry: Entry) -> float | None:
  """The one number that an entry holds; None where it holds none, or several."""
  if entry.kind in _TEXTS and (entry.kind, entry.count) != (_UNDEFINED, 1):
    return star_values.real(entry.data.split(b"\0")[0].decode("ascii", "replace"))
  if entry.kind not in _FORMS or entry.count != 1:
    return None
  try:
    value, *divisor = struct.unpack(entry.order + _FORMS[entry.kind], entry.data)
    value = float(value / divisor[0] if divisor else value)
  except (struct.error, ZeroDivisionError):
    return None
  return value if math.isfinite(value) else None
