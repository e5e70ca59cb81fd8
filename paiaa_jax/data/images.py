"""Encoded bytes -> upright RGB [h, w, 3] uint8 -> a square [s, s, 3] uint8, with Pillow alone.

Training, evaluation and the scoring of anyone's photographs come through here, so that they see
the same pixels. Any change of those pixels changes PREPROCESSING.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import logging
import os
import struct
import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from paiaa_jax import files
from paiaa_jax.errors import UserError

PREPROCESSING = "pillow-bilinear-1"  # part of every cached score's key

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".avif")
SUFFIXES += (".heic", ".heif", ".hif")
JPEG_QUALITY = 95

_HEIC = (b"ftypheic", b"ftypheix", b"ftyphevc", b"ftypmif1")
_ORIENTATION_TAG = 0x0112
_TRANSPOSE = {  # EXIF orientation -> what sets the picture upright
  2: Image.Transpose.FLIP_LEFT_RIGHT,
  3: Image.Transpose.ROTATE_180,
  4: Image.Transpose.FLIP_TOP_BOTTOM,
  5: Image.Transpose.TRANSPOSE,
  6: Image.Transpose.ROTATE_270,
  7: Image.Transpose.TRANSVERSE,
  8: Image.Transpose.ROTATE_90,
}

# Pillow warns of broken metadata that the pixels do not need; AVA holds such files.
warnings.filterwarnings("ignore", module=r"PIL\.")
logging.getLogger("PIL").addHandler(logging.NullHandler())

if importlib.util.find_spec("pillow_heif"):
  import pillow_heif

  pillow_heif.register_heif_opener()

# Not whatever Pillow knows: opening an EPS file would run a program.
Image.init()
FORMATS = [
  name
  for name in ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF", "HEIF")
  if name in Image.OPEN
]


def decode(source: bytes | str | Path, min_side: int = 0, name: str = "") -> np.ndarray:
  """An image file or its bytes -> RGB [h, w, 3] uint8; see `load`."""
  return np.array(load(source, min_side, name))


def load(source: bytes | str | Path, min_side: int = 0, name: str = "") -> Image.Image:
  """An image file or its bytes -> an upright RGB Pillow image.

  The first frame of an animation, over white where transparent, 16 bits cut to 8.

  Args:
    source: encoded bytes, or a path.
    min_side: a JPEG may come out smaller by 2, 4 or 8 while both sides stay at least this many
      pixels, which saves most of the decoding; 0 keeps its full size.
    name: what an error calls the image; the path where it has one.

  Raises:
    UserError: the path cannot be read, or the bytes are no image, or a broken or absurdly large one
      (over 179 megapixels).
  """
  if not isinstance(source, bytes):
    name = name or os.fspath(source)
    with files.reading(source, "an image"):
      source = files.read_regular(source)
  try:
    image = Image.open(io.BytesIO(source), formats=FORMATS)
    if min_side:
      image.draft(None, (min_side, min_side))
    return upright(image)
  except Exception as error:  # on hostile bytes Pillow's parsers raise a dozen types
    raise UserError(f"{name or 'image'}: {_reason(source, error)}") from error


def upright(image: Image.Image) -> Image.Image:
  """An open Pillow image of any mode -> RGB, set upright by its EXIF orientation; see `load`."""
  orientation = _orientation(image)  # before decoding, which may turn the image itself
  image = _to_rgb(image)
  return image.transpose(_TRANSPOSE[orientation]) if orientation in _TRANSPOSE else image


def resize_square(image: Image.Image | np.ndarray, size: int) -> np.ndarray:
  """[h, w, 3] -> [size, size, 3] uint8, the whole image, as the paper evaluates."""
  return np.asarray(_pillow(image).resize((size, size), Image.Resampling.BILINEAR))


def crop_square(
  image: Image.Image | np.ndarray,
  resize: int,
  size: int,
  random: np.random.Generator,
  flip: bool = False,
) -> np.ndarray:
  """[h, w, 3] -> [size, size, 3] uint8: a random crop of the image resized to [resize, resize].

  Only the pixels of the crop are computed. With `flip`, every second image is mirrored.
  """
  image = _pillow(image)
  x, y = random.integers(0, resize - size, size=2, endpoint=True)
  mirrored = flip and random.random() < 0.5
  scale_x, scale_y = image.width / resize, image.height / resize
  box = (x * scale_x, y * scale_y, (x + size) * scale_x, (y + size) * scale_y)
  pixels = np.asarray(image.resize((size, size), Image.Resampling.BILINEAR, box=box))
  return pixels[:, ::-1] if mirrored else pixels


def bounded_jpeg(data: bytes, max_side: int, name: str = "") -> bytes:
  """Encoded bytes -> an upright RGB JPEG whose longer side is at most max_side pixels.

  A file that is one already passes through untouched; either way all of it has been decoded.
  max_side 0 leaves every readable file as it is.
  """
  image = load(data, name=name)
  if max_side == 0 or (max(image.size) <= max_side and _is_plain_jpeg(data)):
    return data
  image.thumbnail((max_side, max_side), Image.Resampling.BILINEAR)
  encoded = io.BytesIO()
  image.save(encoded, "JPEG", quality=JPEG_QUALITY)
  return encoded.getvalue()


def _is_plain_jpeg(data: bytes) -> bool:
  image = Image.open(io.BytesIO(data))
  return image.format == "JPEG" and image.mode == "RGB" and _orientation(image) == 1


def _pillow(image: Image.Image | np.ndarray) -> Image.Image:
  return image if isinstance(image, Image.Image) else Image.fromarray(image)


def _to_rgb(image: Image.Image) -> Image.Image:
  """Decodes, whatever the mode. 16-bit greys keep their upper byte; transparency becomes white."""
  if image.mode == "RGB" and not image.has_transparency_data:
    image.load()
    return image
  if image.mode.startswith("I"):
    upper_byte = np.clip(np.asarray(image), 0, 65535) >> 8
    return Image.fromarray(upper_byte.astype(np.uint8)).convert("RGB")
  if image.has_transparency_data:
    image = image.convert("RGBA")
    image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
  return image.convert("RGB")


def _orientation(image: Image.Image) -> int:
  """EXIF orientation 1..8, 1 where there is none or its block is broken.

  Read by hand: a broken block elsewhere in the metadata must not hide it, nor cost the image.
  """
  exif = (image.info.get("exif") or b"").removeprefix(b"Exif\0\0")  # HEIC without one has None
  order = {b"II": "<", b"MM": ">"}.get(exif[:2], "<")
  with contextlib.suppress(struct.error):
    (start,) = struct.unpack_from(f"{order}I", exif, 4)
    (entries,) = struct.unpack_from(f"{order}H", exif, start)
    for entry in range(entries):
      tag, _, _, value = struct.unpack_from(f"{order}HHIH", exif, start + 2 + 12 * entry)
      if tag == _ORIENTATION_TAG:
        return value if value in _TRANSPOSE else 1
  return 1


def _reason(data: bytes, error: Exception) -> str:
  """Why an image was refused, in a few words without line breaks."""
  if not data:
    return "the file is empty."
  if data[4:12] in _HEIC and not importlib.util.find_spec("pillow_heif"):
    return "HEIC needs one more package: pip install 'paiaa-jax[heic]'."
  if isinstance(error, Image.UnidentifiedImageError):
    return f"not an image in a known format ({', '.join(FORMATS)})."
  return f"cannot be decoded ({' '.join(str(error).split()) or type(error).__name__})."
