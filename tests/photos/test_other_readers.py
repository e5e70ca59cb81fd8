"""ExifTool and Exiv2, with which photo managers read, find the stars that we read and write."""

import re
import shlex
from pathlib import Path

import pytest
from PIL import Image

from paiaa_jax.photos import xmp
from paiaa_jax.photos.xmp_edit import with_stars
from tests.photos.packets import exiftool, exiv2, packet
from tests.photos.test_xmp_edit import LOOKALIKES
from tests.photos.test_xmp_packet import UNDERSTOOD

FAQ = Path(__file__).parents[2] / "docs/faq.md"


def test_exiv2_reads_what_was_written(tmp_path):
  sidecar = tmp_path / "a.xmp"
  for kind, data in LOOKALIKES.items():
    sidecar.write_bytes(with_stars(data, 4, "a.xmp"))
    assert exiv2(sidecar) == 4, kind


@pytest.mark.parametrize("form", UNDERSTOOD)
def test_exiv2_reads_the_same_rating(form, tmp_path):
  data, expected = UNDERSTOOD[form]
  (tmp_path / "a.xmp").write_bytes(data)
  assert (exiv2(tmp_path / "a.xmp") or None) == expected


def test_the_line_of_the_questions_brings_stars_of_either_sidecar_into_jpegs(tmp_path):
  photos = tmp_path / "photos"
  photos.mkdir()
  for name in ("none.jpg", "long.jpg", "short.JPG", "both.jpeg"):
    Image.effect_noise((32, 24), 60).save(photos / name, "JPEG")
  xmp.write_predicted(photos / "long.jpg", 4)  # long.jpg.xmp
  (photos / "short.xmp").write_bytes(packet('xmp:Rating="3"'))
  (photos / "both.xmp").write_bytes(packet('xmp:Rating="1"'))
  (photos / "both.jpeg.xmp").write_bytes(packet('xmp:Rating="5"'))
  (line,) = re.findall(r"^exiftool (.+) photos/$", FAQ.read_text(encoding="utf-8"), re.MULTILINE)
  exiftool(*shlex.split(line), photos)
  stars = {"none.jpg": None, "long.jpg": 4, "short.JPG": 3, "both.jpeg": 5}
  assert {name: exiv2(photos / name) for name in stars} == stars
