"""Which way up a picture is: EXIF's orientation, from wherever a file keeps it."""

from __future__ import annotations

import contextlib
import re
import struct

from PIL import Image

from paiaa_jax.data import png

_TAG = 0x0112
_INTEGERS = {3: "H", 4: "I", 8: "h", 9: "i"}  # EXIF's types -> struct's
_IN_XMP = re.compile(rb'tiff:Orientation(?:="|>)([0-9])')
_TRANSPOSE = {  # orientation -> what sets the picture upright
  2: Image.Transpose.FLIP_LEFT_RIGHT,
  3: Image.Transpose.ROTATE_180,
  4: Image.Transpose.FLIP_TOP_BOTTOM,
  5: Image.Transpose.TRANSPOSE,
  6: Image.Transpose.ROTATE_270,
  7: Image.Transpose.TRANSVERSE,
  8: Image.Transpose.ROTATE_90,
}


def turn(image: Image.Image, orientation: int) -> Image.Image:
  """The image set upright."""
  return image.transpose(_TRANSPOSE[orientation]) if orientation in _TRANSPOSE else image


def orientation_of(image: Image.Image) -> int:
  """1 to 8 of a decoded image; 1 where nothing says it.

  EXIF first, then ImageMagick's text with EXIF in it, then XMP, as Pillow's `getexif`. A TIFF is
  turned by Pillow itself while it is decoded, and says 1 from then on.
  """
  found, info = None, image.info
  if exif := _bytes(info.get("exif")) or _from_text(_bytes(info.get("Raw profile type exif"))):
    found = _in_exif(exif)
  if found is None and (xmp := _bytes(info.get("xmp") or info.get("XML:com.adobe.xmp"))):
    found = int(match[1]) if (match := _IN_XMP.search(xmp)) else None
  return found if found in _TRANSPOSE else 1


def _bytes(value: object) -> bytes:
  """Pillow gives bytes, text, or None (a HEIC without EXIF)."""
  if isinstance(value, str):
    return value.encode("utf-8", "replace")
  return value if isinstance(value, bytes) else b""


def _in_exif(exif: bytes) -> int | None:
  """The orientation's value, None where there is none.

  Read by hand: a broken block elsewhere in the metadata must not hide it, nor cost the image.
  """
  begin = 0
  while exif.startswith(b"Exif\0\0", begin):
    begin += 6
  exif = exif[begin:]
  order = {b"II": "<", b"MM": ">"}.get(exif[:2], "<")
  with contextlib.suppress(struct.error):
    (start,) = struct.unpack_from(f"{order}I", exif, 4)
    (entries,) = struct.unpack_from(f"{order}H", exif, start)
    for at in range(start + 2, start + 2 + 12 * entries, 12):
      tag, kind = struct.unpack_from(f"{order}HH", exif, at)
      if tag == _TAG:
        value = _INTEGERS.get(kind)  # of another type it means nothing
        return struct.unpack_from(order + value, exif, at + 8)[0] if value else 1
  return None


def _from_text(text: bytes) -> bytes:
  """EXIF in a text of ImageMagick's; empty where it is another."""
  with contextlib.suppress(ValueError):
    return png.raw_profile(text)
  return b""
