"""A PNG whose pixels are whole is a picture, whatever is broken beside them."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from paiaa_jax.data import images
from paiaa_jax.errors import UserError
from tests.data import profiles
from tests.data.pictures import chunk, encoded, opened, photo, png_with

PLAIN = encoded(photo(), "PNG")
PIXELS = np.asarray(photo())
LARGE = bytes(3 << 20)
BROKEN = {  # a chunk that is read, and what is wrong with it
  "profile, checksum": chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(128)), wrong=True),
  "profile, method": chunk(b"iCCP", b"x\0\1" + zlib.compress(bytes(128))),
  "profile, stream": chunk(b"iCCP", b"x\0\0" + b"no zlib"),
  "profile, cut": chunk(b"iCCP", b"x"),
  "profile, bomb": chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(40 << 20))),
  "text, checksum": chunk(b"tEXt", b"Comment\0words", wrong=True),
  "text, large": chunk(b"tEXt", b"Comment\0" + bytes(65 << 20)),
  "text, without a key": chunk(b"tEXt", b"\0words"),
  "compressed text, large": chunk(b"zTXt", b"Comment\0\0" + zlib.compress(LARGE)),
  "compressed text, method": chunk(b"zTXt", b"Comment\0\7" + zlib.compress(b"words")),
  "international text, large": chunk(b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(LARGE)),
  "international text, cut": chunk(b"iTXt", b"XML:com.adobe.xmp\0\1"),
  "raw profile, no hexadecimal": chunk(b"tEXt", b"Raw profile type exif\0\nexif\n 3\nzz\n"),
  "exif, checksum": chunk(b"eXIf", b"II*\0", wrong=True),
  "exif, nonsense": chunk(b"eXIf", b"\xff" * 20),
  "gamma, cut": chunk(b"gAMA", b"\0"),
  "gamma, checksum": chunk(b"gAMA", struct.pack(">I", 45455), wrong=True),
  "colours, cut": chunk(b"cHRM", b"\0"),
  "sRGB, empty": chunk(b"sRGB", b""),
  "density, cut": chunk(b"pHYs", b"\0"),
  "transparency, checksum": chunk(b"tRNS", PIXELS[0, 0].astype(">u2").tobytes(), wrong=True),
  "transparency, cut": chunk(b"tRNS", b"\0\0"),
  "animation, cut": chunk(b"acTL", b"\0"),
  "animation, nonsense": chunk(b"acTL", struct.pack(">II", 3, 0)) + chunk(b"fcTL", b"\xff" * 26),
  "private, checksum": chunk(b"prVt", b"words", wrong=True),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("place", ["before", "after"])
def test_a_broken_description_costs_no_pixel(place, broken):
  np.testing.assert_array_equal(images.decode(png_with(PLAIN, **{place: broken})), PIXELS)


@pytest.mark.parametrize("end", [b"", b"\0\0", bytes(40), PLAIN, b"\0\0\0\4gAMA\0"])
def test_what_follows_the_pixels_costs_none_of_them(end):
  whole = PLAIN[: PLAIN.rindex(b"IEND") - 4]
  np.testing.assert_array_equal(images.decode(whole + end), PIXELS)
  np.testing.assert_array_equal(images.decode(PLAIN + end), PIXELS)


def test_a_broken_description_hides_none_that_is_whole():
  profile = profiles.rgb(profiles.P3, profiles.srgb_curve())
  data = encoded(photo(), "PNG", icc_profile=profile)
  data = png_with(data, before=BROKEN["exif, checksum"] + BROKEN["text, large"])
  np.testing.assert_array_equal(
    images.decode(data), np.asarray(profiles.littlecms(photo(), profile))
  )


def test_transparency_stays():
  grey, colours = Image.new("L", (4, 4), 77), photo()
  for image, key in ((grey, 77), (colours, tuple(map(int, PIXELS[3, 5])))):
    found = images.decode(png_with(encoded(image, "PNG", transparency=key), BROKEN["gamma, cut"]))
    pixels = np.asarray(image.convert("RGB"))
    hidden = (pixels == key).all(axis=-1, keepdims=True)
    assert hidden.any()
    np.testing.assert_array_equal(found, np.where(hidden, 255, pixels))


def test_an_animations_picture_is_its_first():
  frames = [photo(seed=seed) for seed in range(3)]
  data = encoded(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=100)
  assert opened(data).n_frames == 3
  np.testing.assert_array_equal(images.decode(data), np.asarray(frames[0]))


def spoilt(kind):
  """A PNG whose chunk of that kind has a wrong checksum."""
  data = bytearray(encoded(photo().quantize(), "PNG"))
  at = data.index(kind)
  data[at + 4 + int.from_bytes(data[at - 4 : at], "big")] ^= 1
  return bytes(data)


CRITICAL = {
  "header": spoilt(b"IHDR"),
  "palette": spoilt(b"PLTE"),
  "pixels are cut": PLAIN[: len(PLAIN) // 2],
  "no pixels": PLAIN[: PLAIN.index(b"IDAT") - 4] + PLAIN[PLAIN.rindex(b"IEND") - 4 :],
  "no chunks": PLAIN[:8] + bytes(40),
}


@pytest.mark.parametrize("data", CRITICAL.values(), ids=CRITICAL)
def test_what_the_pixels_need_must_be_right(data):
  with pytest.raises(UserError, match=r"^a\.png: (damaged|truncated)"):
    images.decode(data, name="a.png")
