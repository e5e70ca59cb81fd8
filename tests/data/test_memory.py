"""Decoding takes no more memory than was told, all threads together no more than the budget."""

import io
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from paiaa_jax.data import images, memory
from paiaa_jax.errors import UserError
from tests.data.pictures import encoded, opened, photo, tiff


def test_threads_share_the_budget_and_a_large_need_is_met():
  budget, lock, taken, most = memory.Budget(100), threading.Lock(), [0], [0]
  random = np.random.default_rng(0)

  def work(amount):
    with budget.hold(amount):
      with lock:
        taken[0] += amount
        most[0] = max(most[0], taken[0])
      time.sleep(0.0005)
      with lock:
        taken[0] -= amount
    return amount

  needs = [*random.integers(1, 60, 150).tolist(), 100, *random.integers(1, 60, 150).tolist()]
  with ThreadPoolExecutor(12) as pool:
    assert list(pool.map(work, needs, timeout=60)) == needs
  assert 60 < most[0] <= 100 and taken == [0]


def test_bytes_are_given_back_after_an_error():
  budget = memory.Budget(10)
  for _ in range(3):
    with pytest.raises(RuntimeError), budget.hold(10):
      raise RuntimeError
  with budget.hold(10):
    pass


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"])
def test_an_image_is_counted_while_it_is_used(form, monkeypatch):
  held = []
  monkeypatch.setattr(memory, "BUDGET", budget := memory.Budget(10**9))
  monkeypatch.setattr(memory, "COUNTED", 1)
  data = encoded(photo(60, 50), form)
  with images.opened(data):
    held.append(10**9 - budget._free)
  assert held[0] >= 60 * 50 * memory.BYTES_A_PIXEL[form] and budget._free == 10**9
  with pytest.raises(UserError, match="a: "):
    images.load(data[: len(data) // 2] if form != "GIF" else data[:30], name="a")
  assert budget._free == 10**9


def webp(width, height):
  return encoded(Image.new("RGB", (width, height)), "WEBP", lossless=True, method=0, quality=0)


WEBP = {
  "lossless": webp(300, 20),
  "lossy": encoded(photo(300, 20), "WEBP"),
  "extended": encoded(photo(300, 20), "WEBP", exif=Image.Exif().tobytes() + bytes(8)),
  "animated": encoded(
    photo(300, 20), "WEBP", save_all=True, append_images=[photo(300, 20, seed=1)]
  ),
}


@pytest.mark.parametrize("data", WEBP.values(), ids=WEBP)
def test_the_size_of_a_webp_is_known_before_it_is_opened(data):
  size, amount = memory.of_webp(data)
  assert size == opened(data).size == (300, 20)
  assert amount == 300 * 20 * memory.BYTES_A_PIXEL["WEBP"]


def test_a_few_bytes_that_would_take_gigabytes_are_refused_in_words():
  data = bytearray(webp(64, 64))
  size = (16383 - 1) | (16383 - 1) << 14
  data[21:25] = (int.from_bytes(data[21:25], "little") & 0xF0000000 | size).to_bytes(4, "little")
  with pytest.raises(UserError, match=r"16383 x 16383 pixels, which take 4\.8 GB") as refused:
    images.decode(bytes(data), min_side=16, name="a.webp")
  assert str(refused.value).startswith("a.webp: ")
  tile = tiff(np.zeros((16, 16), np.uint8), {322: (4, [40_000]), 323: (4, [40_000])})
  with pytest.raises(UserError, match="take 19"):
    images.decode(tile)


def test_a_jpeg_of_200_megapixels_is_decoded_smaller():
  data = encoded(Image.new("L", (16320, 12240), 99), quality=30)
  assert images.decode(data, min_side=300).shape == (1530, 2040, 3)


@pytest.mark.parametrize(
  ("limit", "expected"), [(80 * 60, 1), (80 * 60 - 1, 2), (300, 4), (299, 8)]
)
def test_the_limit_is_on_what_is_decoded(limit, expected, monkeypatch):
  data = encoded(photo(80, 60))
  monkeypatch.setattr(memory, "ONE_IMAGE", limit * memory.BYTES_A_PIXEL["JPEG"])
  image = images.load(data)
  assert image.size == (80 // expected, -(-60 // expected))
  again = opened(data)
  again.draft(None, (80 // expected, 60 // expected))
  np.testing.assert_array_equal(np.asarray(image), np.asarray(again))
  with pytest.raises(UserError, match="800 x 600 pixels"):
    images.load(encoded(photo(800, 600), "PNG"))


def test_a_progressive_jpeg_counts_all_its_frequencies_however_small_it_is_decoded(monkeypatch):
  monkeypatch.setattr(memory, "COUNTED", 1)
  luma, both_chromas = 640 * 480, 2 * 320 * 240
  for subsampling, samples in ((0, 3 * luma), (2, luma + both_chromas)):
    options = {"subsampling": subsampling, "quality": 90}
    plain = encoded(photo(640, 480), **options)
    assert memory.of_coefficients(opened(plain), plain) == 0
    progressive = encoded(photo(640, 480), progressive=True, **options)
    assert memory.of_coefficients(opened(progressive), progressive) == 2 * samples
  scan = plain.index(b"\xff\xda")
  alone = plain[:scan] + b"\xff\xda\0\x08\x01\x01\0\0\x3f\0" + plain[scan + 14 :]  # of luma
  assert memory.of_coefficients(opened(alone), alone) == 2 * samples


PEAKS = """
import sys
from paiaa_jax.data import images, memory
from paiaa_jax.errors import UserError
from PIL import Image
told = []
hold = memory.hold
memory.hold = lambda size, amount, held: told.append(amount) or hold(size, amount, held)

def status(what):
  lines = dict(line.split(":") for line in open("/proc/self/status"))
  return int(lines[what].split()[0]) * 1024

for path in sys.argv[1:]:
  data = open(path, "rb").read()
  images.load(data)  # brings in what is loaded once
  open("/proc/self/clear_refs", "w").write("5")
  before = status("VmRSS")
  images.load(data)
  print(path, told[-1], status("VmHWM") - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from Linux's /proc")
def test_decoding_takes_no_more_than_was_told(tmp_path):
  image, exif = photo(1600, 1300), Image.Exif()
  exif[0x0112] = 6
  rgba = image.copy()
  rgba.putalpha(image.convert("L"))
  deep = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
  kinds = {
    "a.jpg": (image, {"exif": exif}),
    "progressive.jpg": (image, {"progressive": True}),
    "cmyk.jpg": (image.convert("CMYK"), {"exif": exif}),
    "a.png": (rgba, {"exif": exif, "compress_level": 1}),
    "deep.png": (deep, {"compress_level": 1}),
    "a.webp": (rgba, {"exif": exif, "lossless": True, "method": 0, "quality": 0}),
    "a.tif": (rgba, {"tiffinfo": {0x0112: 6}, "compression": "tiff_lzw"}),
    "a.gif": (image.quantize(), {}),
    "a.bmp": (image, {}),
  }
  for name, (picture, options) in kinds.items():
    picture.save(tmp_path / name, **options)
  command = [sys.executable, "-c", PEAKS, *(str(tmp_path / name) for name in kinds)]
  done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
  for line in done.stdout.splitlines():
    path, told, taken = line.split()
    assert int(taken) < int(told) + (8 << 20), path


def test_a_loaded_image_outlives_its_budget():
  image = images.load(encoded(photo()))
  assert image.copy().size == (64, 48)
  assert images.square(io.BytesIO(encoded(photo())).getvalue(), 16).shape == (16, 16, 3)
