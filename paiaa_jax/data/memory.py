"""How much memory decoding takes, told before it starts, and one budget for all threads."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from paiaa_jax.cores import count_cores
from paiaa_jax.errors import UserError

ONE_IMAGE = 2 << 30  # bytes at most: the same everywhere, so that a photograph is refused or not
COUNTED = 8 << 20  # bytes, less are not worth the counting
A_CORE = 256 << 20  # bytes of the budget, which is ONE_IMAGE at least
# Bytes a pixel at the peak, as measured: what the decoder holds, Pillow's image, and RGB in sRGB.
BYTES_A_PIXEL = {"JPEG": 10, "PNG": 10, "GIF": 10, "BMP": 10, "TIFF": 12, "WEBP": 18}
OTHERS = 24
_TILE_WIDTH, _TILE_LENGTH = 322, 323

Size = tuple[int, int]  # width, height in pixels


class Budget:
  """Bytes that threads take in turn, each as many as it needs, and give back."""

  def __init__(self, total: int):
    self._free = total
    self._turn = threading.Lock()  # whoever holds it is next: a large need is not passed for ever
    self._given_back = threading.Condition()

  @contextlib.contextmanager
  def hold(self, amount: int) -> Generator[None]:
    """Waits until `amount` bytes, no more than the total, are free; takes them for the block."""
    with self._turn, self._given_back:
      self._given_back.wait_for(lambda: self._free >= amount)
      self._free -= amount
    try:
      yield
    finally:
      with self._given_back:
        self._free += amount
        self._given_back.notify_all()


BUDGET = Budget(max(ONE_IMAGE, A_CORE * count_cores()))


def hold(size: Size, amount: int, held: contextlib.ExitStack) -> None:
  """Takes the bytes that decoding an image of that size needs, until `held` is closed.

  Raises:
    UserError: one image may not take so many.
  """
  if amount > ONE_IMAGE:
    width, height = size
    raise UserError(
      f"{width} x {height} pixels, which take {amount / 1e9:.1f} GB to decode; "
      f"the limit is {ONE_IMAGE / 1e9:.1f} GB."
    )
  if amount >= COUNTED:
    held.enter_context(BUDGET.hold(amount))


def needed(image: Image.Image, size: Size) -> int:
  """Bytes that decoding an opened image to `size` takes."""
  width, height = size
  pixels = width * height
  if tags := getattr(image, "tag_v2", None):  # a tile is decoded whole, however small the picture
    tile = [tags.get(tag, 0) for tag in (_TILE_WIDTH, _TILE_LENGTH)]
    pixels = max(pixels, tile[0] * tile[1] if all(isinstance(side, int) for side in tile) else 0)
  return pixels * BYTES_A_PIXEL.get(image.format or "", OTHERS)


def of_coefficients(image: Image.Image, data: bytes) -> int:
  """Bytes of a JPEG's frequencies where libjpeg keeps all of them, however small it is decoded.

  That is where each scan brings a part of the picture: progressive, or a component at a time.
  """
  if not isinstance(image, JpegImageFile) or not image.layer or image.fp is None:
    return 0
  if image.width * image.height < COUNTED // 8:  # each has four samples of two bytes at most
    return 0
  layers = image.layer
  length = 6 + 2 * len(layers)  # of a scan's header that names all components
  header = data[: image.fp.tell()][-length - 2 :]  # Pillow stopped behind the first
  whole = header[:5] == b"\xff\xda" + length.to_bytes(2, "big") + bytes([len(layers)])
  if whole and "progressive" not in image.info:
    return 0
  _, across, down, _ = map(max, zip(*layers, strict=True))
  samples = sum(h * v for _, h, v, _ in layers) / max(across * down, 1)
  return int(2 * samples * image.width * image.height)


def of_webp(data: bytes) -> tuple[Size, int] | None:
  """A WebP's size and what decoding it takes, from its first bytes; None for another format.

  Its whole canvas is allocated when it is opened. (WebP container specification; RFC 9649)
  """
  if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(data) < 30:
    return None
  if data[12:16] == b"VP8X":
    width, height = (1 + int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
  elif data[12:16] == b"VP8L":
    bits = int.from_bytes(data[21:25], "little")
    width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
  else:
    width, height = (int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (26, 28))
  return (width, height), width * height * BYTES_A_PIXEL["WEBP"]
