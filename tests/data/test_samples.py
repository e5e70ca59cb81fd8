"""More than 8 bits a sample: scaled by the range that TIFF and PNG give them, or refused."""

import numpy as np
import pytest

from paiaa_jax.data import images
from paiaa_jax.errors import UserError
from tests.data.pictures import chunk, png, tiff

SHARE = np.linspace(0, 1, 160)[None, :] * np.linspace(0.3, 1, 120)[:, None]  # of white, [120, 160]
GREY = np.rint(255 * SHARE)
MANY = (SHARE[..., None] * [1, 0.7, 0.4]).astype(np.float32)
FLOAT = SHARE.astype(np.float32)
FULL = np.rint(65535 * SHARE).astype(np.uint16)
COLOURS_16 = (MANY * 65535).astype(np.uint16)
WHITE_IS_ZERO = {262: (3, [0])}


def twelve_bits(values):
  """Two samples in three bytes, as TIFF packs them: [h, w] -> [h, 3 w / 2] uint8."""
  first, second = values[:, ::2], values[:, 1::2]
  packed = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], axis=-1)
  return packed.reshape(len(values), -1).astype(np.uint8)


TWELVE = tiff(twelve_bits(FULL >> 4), {256: (4, [160])}, bits=12)
SCALED = {
  "float": tiff(FLOAT),
  "float of the other byte order": tiff(FLOAT, order=">"),
  "float compressed": tiff(FLOAT, compressed=True),
  "float, white is zero": tiff(1 - FLOAT, WHITE_IS_ZERO),
  "float that states its range": tiff(300 * FLOAT - 100, {340: (11, [-100]), 341: (11, [200])}),
  "float just outside": tiff(np.clip(FLOAT * 1.002 - 0.001, -0.001, 1.001).astype(np.float32)),
  "16 bits": tiff(FULL),
  "16 bits of the other byte order": tiff(FULL, order=">"),
  "16 bits compressed": tiff(FULL, compressed=True),
  "16 bits of the other byte order, compressed": tiff(FULL, order=">", compressed=True),
  "16 bits, white is zero": tiff(65535 - FULL, WHITE_IS_ZERO),
  "16 bits that state their range": tiff(FULL // 16, {340: (3, [0]), 341: (3, [4095])}),
  "12 bits": TWELVE,
  "8 bits, white is zero": tiff(np.uint8(255) - GREY.astype(np.uint8), WHITE_IS_ZERO),
  "png": png(FULL, 0),
}


@pytest.mark.parametrize("data", SCALED.values(), ids=SCALED)
def test_greys_are_scaled_by_the_range_of_their_samples(data):
  found = images.decode(data).astype(int)
  assert found.shape == (*SHARE.shape, 3)
  assert np.abs(found - GREY[..., None]).max() <= 1


COLOURS = {
  "tiff": tiff(COLOURS_16),
  "tiff of the other byte order": tiff(COLOURS_16, order=">"),
  "tiff in planes, compressed": tiff(COLOURS_16, compressed=True, planes=True),
  "tiff compressed": tiff(COLOURS_16, compressed=True),
  "png": png(COLOURS_16, 2),
}


@pytest.mark.parametrize("data", COLOURS.values(), ids=COLOURS)
def test_colours_of_16_bits_are_cut_to_8(data):
  assert np.abs(images.decode(data) - 255.0 * MANY).max() <= 1


def test_the_one_transparent_grey_of_16_bits_is_that_of_all_16():
  values = np.array([[1000, 1001, 40000, 65535]], np.uint16)
  found = images.decode(png(values, 0, chunk(b"tRNS", b"\x03\xe8")))  # 1000
  np.testing.assert_array_equal(found[0, :, 0], [255, 4, 156, 255])


REFUSED = {
  "float up to 255": (tiff(255 * FLOAT), "from 0 to 255"),
  "float below 0": (tiff(FLOAT - 0.5), "from -0.5 to 0.5"),
  "not a number": (tiff(np.where(FLOAT == 0, np.float32("nan"), FLOAT)), "nan"),
  "infinite": (tiff(np.where(FLOAT == 0, np.float32("-inf"), FLOAT)), "inf"),
  "float that states no range": (tiff(2 * FLOAT, {340: (11, [1]), 341: (11, [1])}), "from 0 to 2"),
  "float of the other byte order, compressed": (
    tiff(FLOAT, order=">", compressed=True),
    "big-endian",
  ),
  "12 bits stored as 16": (tiff(FULL >> 4), "12 bits"),
  "colours in planes": (tiff(COLOURS_16, planes=True), "separate planes"),
  "colours of 12 bits stored as 16": (tiff((MANY * 4095).astype(np.uint16)), "12 bits"),
  "signed 8 bits": (tiff((GREY - 128).astype(np.int8)), "signed"),
  "signed 16 bits": (tiff((FULL >> 1).astype(np.int16)), "signed"),
  "signed 32 bits": (tiff(FULL.astype(np.int32)), "32-bit"),
  "unsigned 32 bits": (tiff(FULL.astype(np.uint32) << 16), "32-bit"),
  "float colours": (tiff(MANY), "TIFF of a kind"),
  "16 bits, white is zero, of the other byte order": (
    tiff(65535 - FULL, WHITE_IS_ZERO, order=">"),
    "TIFF of a kind",
  ),
}


@pytest.mark.parametrize("data, says", REFUSED.values(), ids=REFUSED)
def test_a_range_that_is_not_known_is_refused_in_words(data, says):
  with pytest.raises(UserError, match=says) as refused:
    images.decode(data, name="a.tif")
  assert str(refused.value).startswith("a.tif: ")
  assert str(refused.value).endswith("save it with 8 bits a channel.")
