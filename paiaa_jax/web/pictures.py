"""What the page shows of a photograph: pictures of a few sizes, its EXIF line and histogram.

Whatever the file holds, a picture is made of its pixels: upright, in sRGB, without metadata.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image

from paiaa_jax.data import images, raw
from paiaa_jax.errors import UserError
from paiaa_jax.files import open_regular
from paiaa_jax.photos.names import printable

SHOWN = 1600  # pixels of the longer side where a photograph is looked at
MOST = 8000  # pixels of a side of the full size
SMALL, LARGE = 82, 92  # JPEG qualities
BINS, LOOKED_AT = 64, 512  # of the histogram; pixels of the side that it is taken from
LONGEST = 200  # characters of a line of EXIF
_TURNED = (5, 6, 7, 8)  # EXIF orientations that lie on their side
_EXIF_BLOCK = 0x8769


def picture(data: bytes, side: int, quality: int) -> bytes:
  """Encoded bytes -> a JPEG whose longer side has at most `side` pixels; UserError if broken."""
  with images.opened(data, min_side=side if side < MOST else 0) as image:
    if max(image.size) > side:
      image.thumbnail((side, side), Image.Resampling.BICUBIC)
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=quality)
    return encoded.getvalue()


def size_of(path: Path) -> tuple[int, int]:
  """Width and height in pixels, upright, by the header; (0, 0) where it does not tell."""
  if raw.is_raw(path):  # it begins with a small picture's
    return 0, 0
  try:
    with open_regular(path) as file, Image.open(file, formats=images.FORMATS) as image:
      width, height = image.size
      turned = image.getexif().get(ExifTags.Base.Orientation) in _TURNED
      return (height, width) if turned else (width, height)
  except Exception:  # a broken file raises a dozen types; what is wrong is told when it is scored
    return 0, 0


def histogram(data: bytes) -> dict[str, list[int]]:
  """Pixels of the picture, reduced, in each of 64 steps of red, green and blue."""
  with images.opened(data, min_side=LOOKED_AT) as image:
    image.thumbnail((LOOKED_AT, LOOKED_AT), Image.Resampling.BOX)
    steps = np.asarray(image) // (256 // BINS)
  counts = [np.bincount(steps[..., c].ravel(), minlength=BINS).tolist() for c in range(3)]
  return dict(zip("rgb", counts, strict=True))


def exif(data: bytes) -> dict[str, str | None]:
  """The line that photographers read; None where the file does not say."""
  try:
    tags = Image.Image.getexif(images.open_image(data))  # not a PNG's own, which decodes it
    inner = tags.get_ifd(_EXIF_BLOCK)
  except Exception:  # hostile metadata raises a dozen types, and none of them costs the picture
    return dict.fromkeys(_EXIF_OF)
  return {name: _line(of, {**tags, **inner}) for name, of in _EXIF_OF.items()}


def _line(of: Any, tags: dict[int, Any]) -> str | None:
  try:
    text = printable(" ".join(str(of(tags)).replace("\0", " ").split()))[:LONGEST]
  except Exception:  # a tag that is missing, of another type, or not a number
    return None
  return text or None


def _exposure(tags: dict[int, Any]) -> str:
  seconds = float(tags[ExifTags.Base.ExposureTime])
  if not seconds > 0:
    raise UserError("an exposure that is none")
  return f"1/{round(1 / seconds)} s" if seconds < 0.3 else f"{seconds:g} s"


def _number(tag: int, form: str) -> Any:
  return lambda tags: form.format(_finite(float(tags[tag])))


def _finite(number: float) -> float:
  if not np.isfinite(number) or number <= 0:
    raise UserError("a number that is none")
  return number


_EXIF_OF: dict[str, Any] = {
  "camera": lambda tags: tags[ExifTags.Base.Model],
  "lens": lambda tags: tags[ExifTags.Base.LensModel],
  "focal_length": _number(ExifTags.Base.FocalLength, "{:g} mm"),
  "aperture": _number(ExifTags.Base.FNumber, "f/{:g}"),
  "exposure": _exposure,
  "iso": _number(ExifTags.Base.ISOSpeedRatings, "ISO {:g}"),
  "taken": lambda tags: tags[ExifTags.Base.DateTimeOriginal],
}
