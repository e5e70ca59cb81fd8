"""Whatever the file, the same upright RGB pixels, or one clear line."""

import io
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from paiaa_jax.data import images
from paiaa_jax.errors import UserError
from tests.data.pictures import encoded, opened, photo

RED = (200, 30, 40)


ALPHA = photo(300, 200).convert("RGBA")
ALPHA.putalpha(photo(300, 200, seed=1).convert("L"))
MODES = {
  "RGB": photo(300, 200),
  "RGBA": ALPHA,
  "LA": ALPHA.convert("LA"),
  "P": photo(300, 200).quantize(),
  **{mode: photo(300, 200).convert(mode) for mode in ("L", "1", "CMYK")},
}
WAYS = {  # mode, form, options
  "jpeg": ("RGB", "JPEG", {"quality": 90}),
  "jpeg, all colours": ("RGB", "JPEG", {"quality": 95, "subsampling": 0}),
  "jpeg, progressive": ("RGB", "JPEG", {"progressive": True}),
  "jpeg, grey": ("L", "JPEG", {}),
  "jpeg, inks": ("CMYK", "JPEG", {}),
  **{f"png, {mode}": (mode, "PNG", {}) for mode in MODES if mode != "CMYK"},
  "png, a colour for none": ("RGB", "PNG", {"transparency": (30, 40, 50)}),
  "webp": ("RGB", "WEBP", {}),
  "webp, transparent": ("RGBA", "WEBP", {"lossless": True}),
  "gif": ("P", "GIF", {}),
  "bmp": ("RGB", "BMP", {}),
  "tiff": ("RGB", "TIFF", {}),
  "tiff, transparent, compressed": ("RGBA", "TIFF", {"compression": "tiff_lzw"}),
  "tiff, inks": ("CMYK", "TIFF", {}),
}


@pytest.mark.parametrize("min_side", [0, 50])
@pytest.mark.parametrize("mode, form, options", WAYS.values(), ids=WAYS)
def test_pixels_without_a_profile_are_those_of_the_first_preprocessing(
  mode, form, options, min_side
):
  data = encoded(MODES[mode], form, **options)
  image = opened(data)  # from here on as pillow-bilinear-1 had it
  if min_side:
    image.draft(None, (min_side, min_side))
  if image.has_transparency_data:
    image = image.convert("RGBA")
    image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
  np.testing.assert_array_equal(images.decode(data, min_side), np.asarray(image.convert("RGB")))


PLAIN = Image.new("RGB", (20, 10), RED)
CONVERTED = {
  "cmyk": (encoded(PLAIN.convert("CMYK"), quality=95), RED),
  "grey": (encoded(Image.new("L", (20, 10), 77)), (77, 77, 77)),
  "grey with alpha": (encoded(Image.new("LA", (20, 10), (77, 255)), "PNG"), (77, 77, 77)),
  "1-bit": (encoded(Image.new("1", (20, 10), 1), "PNG"), (255, 255, 255)),
  "palette": (encoded(PLAIN.quantize(), "PNG"), RED),
  "transparent": (encoded(Image.new("RGBA", (20, 10), (0, 0, 0, 0)), "PNG"), (255, 255, 255)),
  "transparent by key": (encoded(PLAIN, "PNG", transparency=RED), (255, 255, 255)),
  "animated": (
    encoded(PLAIN, "GIF", save_all=True, append_images=[Image.new("RGB", (20, 10), "blue")]),
    RED,
  ),
  "webp": (encoded(PLAIN, "WEBP", lossless=True), RED),
  "tiff": (encoded(PLAIN, "TIFF"), RED),
}


@pytest.mark.parametrize("data, colour", CONVERTED.values(), ids=CONVERTED)
def test_every_kind_of_picture_becomes_rgb(data, colour):
  pixels = images.decode(data)
  assert pixels.shape == (10, 20, 3) and pixels.dtype == np.uint8
  np.testing.assert_allclose(pixels, np.broadcast_to(colour, pixels.shape), atol=4)


def test_a_png_named_jpg_in_a_folder_of_any_alphabet(tmp_path):
  path = tmp_path / "Größe 写真.jpg"
  path.write_bytes(encoded(PLAIN, "PNG"))
  np.testing.assert_array_equal(images.decode(path), np.asarray(PLAIN))


@pytest.mark.parametrize("byte_order", ["II", "MM"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_sets_the_picture_upright(orientation, byte_order):
  order = {"II": "<", "MM": ">"}[byte_order]
  entry = struct.pack(f"{order}HHIHH", 0x0112, 3, 1, orientation, 0)
  header = byte_order.encode() + struct.pack(f"{order}HIH", 42, 8, 1)
  exif = b"Exif\0\0" + header + entry + struct.pack(f"{order}I", 0)
  data = encoded(photo(), exif=exif)
  expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
  np.testing.assert_array_equal(images.decode(data), expected)


def test_broken_exif_costs_neither_the_picture_nor_a_warning(tmp_path):
  entry = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0) + struct.pack("<HHII", 0x011A, 5, 999, 10**9)
  header = b"Exif\0\0II" + struct.pack("<HIH", 42, 8, 40)
  data = encoded(photo(), exif=header + entry)
  jfif = data[2 : 4 + int.from_bytes(data[4:6], "big")]
  path = tmp_path / "broken.jpg"
  path.write_bytes(data.replace(jfif, b""))  # without it Pillow looks for the density in the EXIF
  code = f"from paiaa_jax.data import images; print(images.decode({str(path)!r}).shape)"
  done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
  assert done.stdout == "(64, 48, 3)\n" and done.stderr == ""


def bomb(side=30_000):
  def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

  header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
  pixels = zlib.compress(bytes((side // 8 + 1) * side), 1)
  return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels)


REFUSED = {
  "truncated": (encoded(photo(400, 300))[:3000], "truncated"),
  "cut header": (encoded(photo())[:30], "."),
  "text": (b"<html>404 not found</html>", "not an image"),
  "empty": (b"", "empty"),
  "a program": (encoded(photo(), "EPS"), "not an image"),
  "bomb": (bomb(), "30000 x 30000 pixels, which take 9.0 GB to decode; the limit is 2.1 GB"),
}


@pytest.mark.parametrize("data, reason", REFUSED.values(), ids=REFUSED)
def test_a_bad_file_is_one_line_that_names_it(tmp_path, data, reason):
  path = tmp_path / "photo.jpg"
  path.write_bytes(data)
  with pytest.raises(UserError, match=reason) as refused:
    images.decode(path)
  assert str(refused.value).startswith(f"{path}: ") and "\n" not in str(refused.value)


def test_a_missing_file_is_named(tmp_path):
  with pytest.raises(UserError, match=r"gone\.jpg is missing"):
    images.decode(tmp_path / "gone.jpg")


FORMS = [encoded(photo(16, 12), form) for form in ("JPEG", "PNG", "GIF", "TIFF", "BMP", "WEBP")]


@settings(deadline=None, max_examples=300)
@given(
  st.binary(max_size=60)
  | st.builds(
    lambda data, at, junk: data[: at % len(data)] + junk + data[at % len(data) + len(junk) :],
    st.sampled_from(FORMS),
    st.integers(0, 10**6),
    st.binary(max_size=8),
  )
)
def test_any_bytes_are_pixels_or_one_line(data):
  try:
    pixels = images.decode(data, name="a.jpg")
  except UserError as error:
    assert str(error).startswith("a.jpg: ") and "\n" not in str(error)
  else:
    assert pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.dtype == np.uint8


@pytest.mark.parametrize("min_side, expected", [(0, 640), (400, 640), (320, 320), (50, 80)])
def test_scaled_decoding_keeps_both_sides_and_the_picture(min_side, expected):
  data = encoded(photo(960, 640), quality=95)
  scaled = images.decode(data, min_side)
  assert scaled.shape == (expected, expected * 3 // 2, 3)
  size = min(min_side or 300, 300)
  whole = images.resize_square(images.decode(data), size).astype(int)
  assert np.abs(images.resize_square(scaled, size) - whole).mean() < 1


def test_a_crop_is_a_window_of_the_resized_picture():
  image, corners = photo(90, 60), set()
  resized = images.resize_square(image, 40).astype(int)
  for seed in range(60):
    crop = images.crop_square(image, 40, 37, np.random.default_rng(seed)).astype(int)
    windows = {(x, y): resized[y : y + 37, x : x + 37] for x in range(4) for y in range(4)}
    gaps = {corner: np.abs(window - crop).max() for corner, window in windows.items()}
    corner = min(gaps, key=gaps.get)
    assert gaps[corner] <= 2
    corners.add(corner)
  assert len(corners) == 16


def test_flipping_mirrors_about_half_of_the_crops():
  image, mirrored = photo(), 0
  for seed in range(200):
    plain = images.crop_square(image, 32, 32, np.random.default_rng(seed))
    flipped = images.crop_square(image, 32, 32, np.random.default_rng(seed), flip=True)
    if not np.array_equal(plain, flipped):
      np.testing.assert_array_equal(plain[:, ::-1], flipped)
      mirrored += 1
  assert 70 < mirrored < 130


def test_reencoding_bounds_the_shorter_side_and_turns_upright():
  exif = Image.Exif()
  exif[0x0112] = 6
  small = images.bounded_jpeg(encoded(photo(300, 200), exif=exif, quality=95), 100)
  assert Image.open(io.BytesIO(small)).size == (100, 150)
  expected = np.asarray(photo(300, 200).rotate(-90, expand=True).resize((100, 150))).astype(int)
  assert np.abs(images.decode(small) - expected).mean() < 2
  assert images.bounded_jpeg(small, 100) is small
  odd = images.bounded_jpeg(encoded(photo(301, 203)), 100)
  assert min(Image.open(io.BytesIO(odd)).size) == 100


def test_reencoding_leaves_small_jpegs_and_everything_at_0_untouched():
  jpeg, png = encoded(photo()), encoded(photo(), "PNG")
  assert images.bounded_jpeg(jpeg, 64) is jpeg
  assert images.bounded_jpeg(png, 0) is png
  assert Image.open(io.BytesIO(images.bounded_jpeg(png, 64))).format == "JPEG"
  with pytest.raises(UserError, match="truncated"):
    images.bounded_jpeg(encoded(photo(400, 300))[:3000], 0)
