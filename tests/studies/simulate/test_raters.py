"""Each attribute answers to the edit that people would see."""

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from studies.simulate import photographs, raters


@pytest.fixture
def photo():
  """A crop of a real photograph, not yet developed."""
  sources, _ = photographs.find_sources(None)
  with Image.open(sources["chelsea"]) as image:
    return image.convert("RGB").resize((160, 120))


def attribute(image, name, **crop):
  file = io.BytesIO()
  image.save(file, "JPEG", quality=photographs.JPEG_QUALITY)
  made = photographs.Photograph("chelsea", file.getvalue(), **{"tilt": 0, "off_centre": 0, **crop})
  return raters.attributes(made)[raters.ATTRIBUTES.index(name)]


def warmed(image):
  return Image.fromarray((np.asarray(image) * [1.0, 0.9, 0.7]).astype(np.uint8))


RAISES = {
  "light": lambda image: ImageEnhance.Brightness(image).enhance(1.3),
  "contrast": lambda image: ImageEnhance.Contrast(image).enhance(1.4),
  "saturation": lambda image: ImageEnhance.Color(image).enhance(1.6),
  "warmth": warmed,
}
LOWERS = {
  "light": lambda image: ImageEnhance.Brightness(image).enhance(0.6),
  "contrast": lambda image: ImageEnhance.Contrast(image).enhance(0.5),
  "saturation": lambda image: ImageEnhance.Color(image).enhance(0.3),
  "sharpness": lambda image: image.filter(ImageFilter.GaussianBlur(3)),
  "clutter": lambda image: image.filter(ImageFilter.GaussianBlur(3)),
}


@pytest.mark.parametrize("name", RAISES)
def test_an_edit_raises_its_attribute(name, photo):
  assert attribute(RAISES[name](photo), name) > attribute(photo, name) + 0.01


@pytest.mark.parametrize("name", LOWERS)
def test_an_edit_lowers_its_attribute(name, photo):
  assert attribute(LOWERS[name](photo), name) < attribute(photo, name) - 0.01


@pytest.mark.parametrize("crop", [{"tilt": -8}, {"tilt": 8}, {"off_centre": 0.5}])
def test_tilt_and_an_off_centre_crop_spoil_the_composition(crop, photo):
  assert attribute(photo, "composition", **crop) < attribute(photo, "composition")


def test_ratings_round_and_keep_to_the_scale():
  ratings = raters.rate(np.linspace(-3, 9, 5000), np.random.default_rng(0))
  assert set(ratings.tolist()) == {1, 2, 3, 4, 5}
