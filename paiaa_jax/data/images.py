"""Encoded bytes -> upright RGB [h, w, 3] uint8 in sRGB -> a square [s, s, 3] uint8, with Pillow.

Training, evaluation and the scoring of anyone's photographs come through here, so that they see
the same pixels. Any change of those pixels changes PREPROCESSING.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Generator
from pathlib import Path

import numpy as np
from PIL import Image

from paiaa_jax import files
from paiaa_jax.data import colour, memory, raw
from paiaa_jax.data.formats import FORMATS as FORMATS
from paiaa_jax.data.formats import SUFFIXES as SUFFIXES
from paiaa_jax.data.formats import open_image, reason
from paiaa_jax.data.orientation import orientation_of, turn
from paiaa_jax.errors import UserError

PREPROCESSING = "pillow-bilinear-2"  # part of every cached score's key
JPEG_QUALITY = 95

Source = bytes | str | Path  # encoded bytes, or the path of a file


@contextlib.contextmanager
def opened(source: Source, min_side: int = 0, name: str = "") -> Generator[Image.Image]:
  """An image file or its bytes -> an upright Pillow image, RGB in sRGB; see `load`.

  The memory that it takes is counted for the block: other threads wait where all do not fit.
  """
  path = ""
  if not isinstance(source, bytes):
    path = os.fspath(source)
    with files.reading(path, "an image"):
      source = files.read_regular(path)
  with contextlib.ExitStack() as held:
    try:
      source = raw.picture(source, path)
      image = upright(_within_memory(source, min_side, held))  # unnamed, so that it is let go of
    except Exception as error:  # on hostile bytes Pillow's parsers raise a dozen types
      raise UserError(f"{name or path or 'image'}: {reason(source, error)}") from error
    yield image


def load(source: Source, min_side: int = 0, name: str = "") -> Image.Image:
  """An image file or its bytes -> an upright Pillow image, RGB in sRGB.

  The first frame of an animation, over white where transparent; colour profiles are converted. Of
  a RAW file by its suffix, the camera's own picture in it.

  Args:
    source: encoded bytes, or a path.
    min_side: a JPEG may come out smaller by 2, 4 or 8 while both sides stay at least this many
      pixels, which saves most of the decoding. 0 keeps its full size, if that can be decoded in
      the memory that one image may take (memory.ONE_IMAGE).
    name: what an error calls the image; the path where it has one.

  Raises:
    UserError: the path cannot be read, or the bytes are no image, a broken one, one whose samples
      are not understood, or one that would take more than memory.ONE_IMAGE.
  """
  with opened(source, min_side, name) as image:
    return image


def decode(source: Source, min_side: int = 0, name: str = "") -> np.ndarray:
  """An image file or its bytes -> RGB [h, w, 3] uint8; see `load`."""
  with opened(source, min_side, name) as image:
    return np.array(image)


def square(source: Source, size: int, name: str = "") -> np.ndarray:
  """An image file or its bytes -> [size, size, 3] uint8, the whole image; see `load`."""
  with opened(source, size, name) as image:
    return resize_square(image, size)


def upright(image: Image.Image) -> Image.Image:
  """A Pillow image of any mode -> RGB in sRGB, set upright by its EXIF orientation; see `load`."""
  image.load()  # which may find the orientation behind the pixels, or turn the image itself
  orientation = orientation_of(image)
  image = colour.to_srgb(image)
  return turn(image, orientation)


def _within_memory(data: bytes, min_side: int, held: contextlib.ExitStack) -> Image.Image:
  """The image, opened; the memory that decoding it takes is counted until `held` is closed."""
  if webp := memory.of_webp(data):
    memory.hold(*webp, held)
    return open_image(data)
  image = open_image(data)
  kept = memory.of_coefficients(image, data)
  _reduce(image, min_side, kept)
  memory.hold(image.size, kept + memory.needed(image, image.size), held)
  return image


def _reduce(image: Image.Image, min_side: int, kept: int) -> None:
  """Lets a JPEG be decoded smaller: to min_side, or else as little as the memory demands."""
  if min_side:
    image.draft(None, (min_side, min_side))
    return
  width, height = image.size
  for scale in (1, 2, 4, 8):
    if kept + memory.needed(image, (-(-width // scale), -(-height // scale))) <= memory.ONE_IMAGE:
      break
  if scale > 1:
    image.draft(None, (width // scale, height // scale))


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


def bounded_jpeg(data: bytes, shorter_side: int) -> bytes:
  """Encoded bytes -> an upright RGB JPEG whose shorter side is at most shorter_side pixels.

  A file that is one already passes through untouched; either way all of it has been decoded.
  shorter_side 0 leaves every readable file as it is.
  """
  with opened(data) as image:
    scale = shorter_side / min(image.size)
    if shorter_side == 0 or (scale >= 1 and _is_plain_jpeg(data, image.size)):
      return data
    if scale < 1:
      width, height = (max(shorter_side, round(side * scale)) for side in image.size)
      image = image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=JPEG_QUALITY)
    return encoded.getvalue()


def _is_plain_jpeg(data: bytes, size: tuple[int, int]) -> bool:
  """Whether it is in colour, upright, and was decoded at its full size."""
  image = open_image(data)
  plain = image.format == "JPEG" and image.mode == "RGB" and image.size == size
  return plain and orientation_of(image) == 1


def _pillow(image: Image.Image | np.ndarray) -> Image.Image:
  return image if isinstance(image, Image.Image) else Image.fromarray(image)
