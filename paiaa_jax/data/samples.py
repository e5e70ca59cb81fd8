"""Samples of more than 8 bits -> 8 bits, by the range that they are stored in, or refused.

Integers use the whole range of their bits, floating-point samples run from 0 (black) to 1, unless
a TIFF's SMinSampleValue and SMaxSampleValue say otherwise; where its PhotometricInterpretation is
WhiteIsZero, the lowest value is white. (TIFF 6.0, sections 3, 8, 19; PNG, third edition, 13.12.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from paiaa_jax.data import strips
from paiaa_jax.errors import UserError

_BITS, _PHOTOMETRIC, _PLANES, _FORMAT, _LOWEST, _HIGHEST = 258, 262, 284, 339, 340, 341
_UNSIGNED, _FLOAT = 1, 3  # of _FORMAT
_WHITE_IS_ZERO, _SEPARATE = 0, 2
_HALF = 0.5 / 255  # what rounding to 8 bits forgives
_SAVE = "save it with 8 bits a channel"


def is_deep(image: Image.Image) -> bool:
  """Whether Pillow keeps more than 8 bits of each sample; it does so for greys alone."""
  return image.mode.startswith(("I", "F"))


def check(image: Image.Image) -> None:
  """Refuses decoded pictures whose samples Pillow misread, or cut to a byte that says nothing.

  Raises:
    UserError: says what kind of samples they are.
  """
  tags = _tags(image)
  if image.mode == "I" or not {_UNSIGNED, _FLOAT}.issuperset(_numbers(tags.get(_FORMAT))):
    raise UserError(f"signed and 32-bit integer samples are not read; {_SAVE}.")
  if not tags:
    return
  bits = max(_numbers(tags.get(_BITS)), default=8)
  compressed = image.info.get("compression", "raw") != "raw"
  if bits == 32 and compressed and getattr(tags, "prefix", b"") == b"MM":
    raise UserError(f"compressed big-endian floating-point samples are not read; {_SAVE}.")
  if bits == 16 and not compressed and tags.get(_PLANES) == _SEPARATE:
    raise UserError(f"16-bit samples in separate planes are not read; {_SAVE}.")
  if bits == 16 and not is_deep(image):  # colours, of which Pillow keeps the upper byte
    extrema = image.getextrema()
    if all(isinstance(band, tuple) and band[1] < 16 for band in extrema[:3]):
      raise UserError(_unused(16))


def to_8_bits(image: Image.Image) -> Image.Image:
  """A decoded grey picture for which `is_deep` -> mode L, or LA where one grey is transparent.

  Raises:
    UserError: it does not show in which range its samples lie.
  """
  black, white = _range_of(image)
  if _tags(image).get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
    black, white = white, black
  hidden = image.info.get("transparency")

  def convert(strip: Image.Image) -> Image.Image:
    values = np.asarray(strip)
    share = np.clip((values - np.float64(black)) / (white - black), 0, 1)
    grey = Image.fromarray(np.rint(255 * share).astype(np.uint8))
    if hidden is not None:
      grey.putalpha(Image.fromarray(values != hidden).convert("L"))
    return grey

  found = strips.mapped(image, "L" if hidden is None else "LA", convert)
  found.info = {key: value for key, value in image.info.items() if key != "transparency"}
  return found


def _range_of(image: Image.Image) -> tuple[float, float]:
  """The lowest and the highest value that samples may have."""
  tags = _tags(image)
  stated = _numbers(tags.get(_LOWEST))[:1] + _numbers(tags.get(_HIGHEST))[:1]
  if len(stated) == 2 and -math.inf < stated[0] < stated[1] < math.inf:
    return stated[0], stated[1]
  lowest, highest = _extrema(image)
  if image.mode == "F":
    if not (lowest > -_HALF and highest < 1 + _HALF):  # NaN fails too
      held = f"floating-point samples from {lowest:g} to {highest:g}, not from 0 to 1"
      raise UserError(f"{held}; {_SAVE}.")
    return 0, 1
  bits = int(max(_numbers(tags.get(_BITS)), default=16))
  if tags and bits > 12 and highest < 1 << 12:
    raise UserError(_unused(bits))
  return 0, (1 << bits) - 1


def _extrema(image: Image.Image) -> tuple[float, float]:
  """Of all samples; NaN where one of them is."""
  found = []
  for box in strips.boxes(image.size):
    values = np.asarray(image.crop(box))
    found.append((values.min(), values.max()))
  lows, highs = np.array(found, np.float64).T
  return float(lows.min()), float(highs.max())


def _tags(image: Image.Image) -> Mapping[int, Any]:
  """A TIFF's tags; none of another image."""
  return getattr(image, "tag_v2", {})


def _numbers(value: Any) -> tuple[float, ...]:
  """A tag's values; none where it is absent or holds no numbers."""
  values = value if isinstance(value, tuple) else (value,)
  return tuple(float(each) for each in values if isinstance(each, int | float))


def _unused(bits: int) -> str:
  return f"its {bits}-bit samples use 12 bits at most, so black to white is not known; {_SAVE}."
