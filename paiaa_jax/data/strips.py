"""A picture in strips, so that what is computed on the way never holds all of it twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PIL import Image

PIXELS = 1 << 18  # of a strip


def boxes(size: tuple[int, int]) -> Iterator[tuple[int, int, int, int]]:
  """Left, top, right, bottom of each strip of a picture (width, height), from the top."""
  width, height = size
  rows = max(PIXELS // max(width, 1), 1)
  for top in range(0, height, rows):
    yield 0, top, width, min(top + rows, height)


def mapped(
  image: Image.Image, mode: str, change: Callable[[Image.Image], Image.Image]
) -> Image.Image:
  """An image of `mode` whose pixels are `change` of those of `image`."""
  found = Image.new(mode, image.size)
  for box in boxes(image.size):
    found.paste(change(image.crop(box)), box)
  return found
