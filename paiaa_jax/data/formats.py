"""Encoded bytes -> an open Pillow image of one of a few formats; and why not, in a few words."""

from __future__ import annotations

import importlib.util
import io
import logging
import struct
import warnings

from PIL import Image, JpegImagePlugin, UnidentifiedImageError

from paiaa_jax.data import png
from paiaa_jax.errors import UserError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".avif")
SUFFIXES += (".heic", ".heif", ".hif")
_HEIC = (b"ftypheic", b"ftypheix", b"ftyphevc", b"ftypmif1")
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_NOT_THIS_FORMAT = (SyntaxError, IndexError, TypeError, struct.error)  # what plugins raise for that

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


def open_image(data: bytes) -> Image.Image:
  """The image that encoded bytes hold, its header read and nothing decoded.

  Not by `Image.open`, whose limit is on the pixels of the file: a large JPEG is decoded to fewer.

  Raises:
    Exception: of a dozen types where the bytes are no image or a broken one; see `reason`.
  """
  described: png.Described = {}
  if data.startswith(b"\x89PNG\r\n\x1a\n"):
    data, described = png.essential(data)
  failed: Exception = UnidentifiedImageError()
  for name in FORMATS:
    plugin, accepts = Image.OPEN[name]
    if name == "JPEG":  # not its factory, to which a broken index of further pictures is an error
      plugin = JpegImagePlugin.JpegImageFile
    taken = accepts(data[:16]) if accepts else True
    if not taken or isinstance(taken, str):  # a text says which library is missing
      continue
    try:
      image = plugin(io.BytesIO(data), "")
    except _NOT_THIS_FORMAT as error:
      failed = error
      continue
    image.info.update(described)
    return image
  raise failed


def reason(data: bytes, error: Exception) -> str:
  """Why an image was refused, in a few words without line breaks."""
  if not data:
    return "the file is empty."
  if data[4:12] in _HEIC and not importlib.util.find_spec("pillow_heif"):
    return "HEIC needs one more package: pip install 'paiaa-jax[heic]'."
  if isinstance(error, UserError):
    return str(error)
  if isinstance(error, UnidentifiedImageError):
    return f"not an image in a known format ({', '.join(FORMATS)})."
  if isinstance(error, MemoryError):
    return "there is not enough memory to decode it."
  if "truncated" in str(error).lower():
    return "truncated: the file ends before its picture does."
  if data.startswith(_TIFF):
    return "damaged, or a TIFF of a kind that is not read; save it with 8 bits a channel."
  return "damaged: it cannot be decoded."
