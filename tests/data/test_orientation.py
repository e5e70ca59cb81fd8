"""The right way up, wherever a file says which way that is: as Pillow's exif_transpose has it."""

import struct
import zlib

import numpy as np
import pytest
from PIL import ImageOps

from paiaa_jax.data import images
from tests.data.pictures import chunk, encoded, opened, photo, png_with


def exif(orientation, order="<", kind=3):
  """An EXIF block of one tag, of type SHORT, LONG, SSHORT or SLONG."""
  value = struct.pack(order + {3: "H2x", 4: "I", 8: "h2x", 9: "i"}[kind], orientation)
  head = {"<": b"II", ">": b"MM"}[order] + struct.pack(f"{order}HI", 42, 8)
  return b"Exif\0\0" + head + struct.pack(f"{order}HHHI", 1, 0x0112, kind, 1) + value + bytes(4)


def xmp(orientation):
  return f'<x:xmpmeta><rdf:Description tiff:Orientation="{orientation}"/></x:xmpmeta>'.encode()


def raw_profile(orientation):
  """The text in which ImageMagick keeps EXIF."""
  block = exif(orientation)
  return b"\nexif\n%8d\n" % len(block) + block.hex().encode() + b"\n"


def itxt(text, compressed):
  text = zlib.compress(text) if compressed else text
  return b"XML:com.adobe.xmp\0" + bytes([compressed, 0]) + b"\0\0" + text


PNG = encoded(photo(), "PNG")
RAW = b"Raw profile type exif\0"
PLACES = {
  "jpeg": lambda o: encoded(photo(), exif=exif(o)),
  "jpeg, big-endian": lambda o: encoded(photo(), exif=exif(o, ">")),
  "jpeg, a long": lambda o: encoded(photo(), exif=exif(o, ">", 4)),
  "jpeg, signed": lambda o: encoded(photo(), exif=exif(o, ">", 8)),
  "jpeg, xmp": lambda o: encoded(photo(), xmp=xmp(o)),
  "png": lambda o: png_with(PNG, before=chunk(b"eXIf", exif(o)[6:])),
  "png, behind the pixels": lambda o: png_with(PNG, after=chunk(b"eXIf", exif(o)[6:])),
  "png, text": lambda o: png_with(PNG, before=chunk(b"tEXt", RAW + raw_profile(o))),
  "png, compressed text": lambda o: png_with(
    PNG, after=chunk(b"zTXt", RAW + b"\0" + zlib.compress(raw_profile(o)))
  ),
  "png, xmp": lambda o: png_with(PNG, before=chunk(b"iTXt", itxt(xmp(o), False))),
  "png, compressed xmp": lambda o: png_with(PNG, after=chunk(b"iTXt", itxt(xmp(o), True))),
  "webp": lambda o: encoded(photo(), "WEBP", lossless=True, exif=exif(o)),
  "webp, xmp": lambda o: encoded(photo(), "WEBP", lossless=True, xmp=xmp(o)),
  "tiff": lambda o: encoded(photo(), "TIFF", tiffinfo={0x0112: o}),
  "tiff, compressed": lambda o: encoded(
    photo(), "TIFF", tiffinfo={0x0112: o}, compression="tiff_lzw"
  ),
  "tiff, xmp": lambda o: encoded(photo(), "TIFF", tiffinfo={700: xmp(o)}),
}
if "AVIF" in images.FORMATS:
  PLACES["avif"] = lambda o: encoded(photo(), "AVIF", exif=exif(o), subsampling="4:4:4")


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_set_upright(place, orientation):
  data = place(orientation)
  expected = opened(data)
  expected.load()  # what stands behind a PNG's pixels is known only then
  expected = ImageOps.exif_transpose(expected)
  assert expected.size == ((64, 48) if orientation < 5 else (48, 64))
  np.testing.assert_array_equal(images.decode(data), np.asarray(expected.convert("RGB")))


def test_exif_goes_before_xmp_and_nonsense_is_upright():
  both = encoded(photo(), exif=exif(6), xmp=xmp(3))
  np.testing.assert_array_equal(
    images.decode(both), np.asarray(ImageOps.exif_transpose(opened(both)))
  )
  for value in (0, 9, 65535):
    data = encoded(photo(), exif=exif(value))
    np.testing.assert_array_equal(images.decode(data), np.asarray(opened(data)))


@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_an_open_image_is_turned_as_its_file_is(form):
  data = encoded(photo(), form, exif=exif(6))
  if form == "PNG":
    data = png_with(PNG, after=chunk(b"eXIf", exif(6)[6:]))
  found = images.upright(opened(data))
  assert found.size == (48, 64)
  np.testing.assert_array_equal(np.asarray(found), images.decode(data))
  loaded = opened(data)
  loaded.load()
  np.testing.assert_array_equal(np.asarray(images.upright(loaded)), images.decode(data))
  turned = ImageOps.exif_transpose(loaded)  # by its user
  np.testing.assert_array_equal(np.asarray(images.upright(turned)), images.decode(data))


def test_a_prefix_repeated_a_million_times_is_no_hang():
  block = b"Exif\0\0" * 1_000_000 + exif(6)
  image = opened(png_with(PNG, before=chunk(b"eXIf", block)))
  assert images.upright(image).size == (48, 64)
