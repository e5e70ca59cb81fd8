"""HEIC, by the extra where it is there, and by one line that names it where it is not."""

import importlib.util

import numpy as np
import pytest
from PIL import Image

from paiaa_jax.data import images
from paiaa_jax.errors import UserError
from paiaa_jax.photos import files
from tests.data import profiles

HERE = importlib.util.find_spec("pillow_heif") is not None
PIXELS = np.asarray(
  Image.fromarray(np.random.default_rng(0).integers(0, 256, (3, 4, 3), np.uint8)).resize((64, 48))
)


@pytest.fixture
def heic(tmp_path):
  """A photograph as a phone writes it, with the time it was taken."""
  if not HERE:
    pytest.skip("pillow-heif is not installed; it is the extra 'heic'")
  exif = Image.Exif()
  exif.get_ifd(0x8769)[0x9003] = "2024:05:06 07:08:09"
  Image.fromarray(PIXELS).save(tmp_path / "IMG_0001.HEIC", quality=95, exif=exif)
  return tmp_path / "IMG_0001.HEIC"


def test_its_pixels_are_those_that_were_encoded(heic):
  decoded = images.decode(heic)
  assert decoded.shape == PIXELS.shape
  assert np.abs(decoded.astype(int) - PIXELS).mean() < 6  # chroma is stored at half the resolution


def test_it_is_found_and_its_time_is_read(heic):
  assert list(files.find_photos([heic.parent])) == [heic]
  assert files.taken_at(heic.read_bytes()) == 1714979289.0


def test_one_without_metadata_is_read_too(heic):
  Image.fromarray(PIXELS).save(heic.with_name("bare.heic"), quality=95)
  assert images.decode(heic.with_name("bare.heic")).shape == PIXELS.shape


def test_it_is_turned_once(tmp_path):
  if not HERE:
    pytest.skip("pillow-heif is not installed; it is the extra 'heic'")
  import pillow_heif

  exif = Image.Exif()
  exif[0x0112] = 6
  file = pillow_heif.from_pillow(Image.fromarray(PIXELS))
  file.info["exif"] = exif.tobytes()
  file.save(tmp_path / "turned.heic", quality=95)
  data = (tmp_path / "turned.heic").read_bytes()
  assert b"irot" in data  # as on a phone: the decoder turns it, and EXIF must not once more
  decoded, upright = images.decode(data), np.rot90(PIXELS, -1)
  assert decoded.shape == upright.shape
  assert np.abs(decoded.astype(int) - upright).mean() < 6


def test_it_is_scored_among_others(heic, open_library):
  Image.fromarray(PIXELS).save(heic.parent / "same.png")
  (heic.parent / "broken.heic").write_bytes(heic.read_bytes()[:400])
  heic_row, broken, png = open_library(heic.parent).photos()
  assert broken.error and not heic_row.error
  np.testing.assert_allclose(heic_row.vector, png.vector, atol=0.05)


@pytest.mark.skipif(HERE, reason="pillow-heif is installed: HEIC is read")
def test_without_the_extra_it_is_named():
  with pytest.raises(UserError, match=r"paiaa-jax\[heic\]"):
    images.decode(b"\0\0\0\x18ftypheic" + bytes(100))


def test_its_profile_is_converted(heic):
  profile = profiles.rgb(profiles.P3, profiles.srgb_curve())
  Image.fromarray(PIXELS).save(heic, quality=95, icc_profile=profile)
  expected = profiles.littlecms(Image.open(heic), profile)
  np.testing.assert_array_equal(images.decode(heic), np.asarray(expected))
