"""A decoded picture of any mode and colour profile -> RGB in sRGB, over white where transparent.

Profiles are converted by littleCMS at the intent that they name. One that is broken, or of another
kind than the picture, counts as absent; pixels without a profile are sRGB already.
"""

from __future__ import annotations

import functools
import io

import numpy as np
from PIL import Image, ImageCms

from paiaa_jax.data import samples, strips

_KINDS = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}  # a profile's space -> Pillow's mode
_GREYS = ("1", "L", "LA")
_ABSOLUTE = 3  # the intent that tints white
_SAME = 2  # levels of 255: published sRGB profiles differ by 1, gamma 2.2 from sRGB by 7


def to_srgb(image: Image.Image) -> Image.Image:
  """Any decoded image -> mode RGB; the image itself where it is that already.

  Raises:
    UserError: its samples are of a kind or range that is not known.
  """
  samples.check(image)
  if image.mode == "La":  # as some TIFFs have it
    image = image.convert("LA")
  if samples.is_deep(image):
    image = samples.to_8_bits(image)
  transparent = image.has_transparency_data
  profile = image.info.get("icc_profile")
  transform = _transform(profile, image.mode) if isinstance(profile, bytes) else None
  if image.mode == "RGB" and not transparent and transform is None:
    return image

  def convert(strip: Image.Image) -> Image.Image:
    if transparent:
      strip = strip.convert("RGBA")
    if transform:
      alpha = strip.getchannel("A") if transparent else None
      strip = transform.apply(strip.convert(transform.input_mode))
      if alpha:
        strip.putalpha(alpha)
    if transparent:
      strip = Image.alpha_composite(Image.new("RGBA", strip.size, "white"), strip)
    return strip.convert("RGB")

  return strips.mapped(image, "RGB", convert)


@functools.lru_cache(maxsize=32)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
  """The way from a profile to sRGB for pictures of a mode; None where pixels stay as they are."""
  try:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    kind = _KINDS.get(source.profile.xcolor_space.strip())
    fits = (kind == "RGB" and mode != "CMYK") or (kind == "L" and mode in _GREYS) or kind == mode
    if kind is None or not fits:
      return None
    intent = source.profile.rendering_intent
    intent = ImageCms.Intent(intent) if intent < _ABSOLUTE else ImageCms.Intent.PERCEPTUAL
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    transform = ImageCms.ImageCmsTransform(source, srgb, kind, "RGB", intent)
    return None if _changes_nothing(transform) or not _is_sound(transform) else transform
  except (OSError, ValueError, ImageCms.PyCMSError):  # a broken profile costs no picture
    return None


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
  """Whether a profile of greys or RGB is sRGB, by what it makes of colours all over the cube."""
  if transform.input_mode == "CMYK":
    return False
  levels = np.arange(0, 256, 15, dtype=np.uint8)
  cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(1, -1, 3)
  greys = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
  colours = greys if transform.input_mode == "L" else np.concatenate([cube, greys], axis=1)
  found = transform.apply(Image.fromarray(colours).convert(transform.input_mode))
  return int(np.abs(np.asarray(found, np.int16) - colours).max()) <= _SAME


def _is_sound(transform: ImageCms.ImageCmsTransform) -> bool:
  """Whether white comes out lighter than black: a profile of zeros makes every picture black."""
  mode = transform.input_mode
  ends = ((0, 0, 0, 0), (0, 0, 0, 255)) if mode == "CMYK" else ("white", "black")
  pixels = [transform.apply(Image.new(mode, (1, 1), end)) for end in ends]
  white, black = (np.asarray(pixel, np.int16) for pixel in pixels)
  return bool(((white - black) > 64).all())
