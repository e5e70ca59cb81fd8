"""A rating inside an image file is seen wherever its format keeps it; the file never changes."""

import hashlib
import io
import itertools
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from paiaa_jax.data.images import FORMATS
from paiaa_jax.errors import UserError
from paiaa_jax.photos import xmp
from tests.photos.packets import exiftool, packet

FIVE = packet('xmp:Rating="5"')
GIF_TRAILER = bytes([1, *range(255, -1, -1), 0])  # XMP specification, part 3, 1.1.2


def encoded(form, **options):
  buffer = io.BytesIO()
  Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(buffer, form, **options)
  return buffer.getvalue()


def exif(stars, tag=0x4746):
  block = Image.Exif()
  block[tag] = stars
  return block.tobytes()


def chunk(kind, data):
  checksum = struct.pack(">I", zlib.crc32(kind + data))
  return struct.pack(">I", len(data)) + kind + data + checksum


def png(data, where):
  plain = encoded("PNG")
  at = {"before": 33, "after": plain.rindex(b"IEND") - 4}[where]
  return plain[:at] + data + plain[at:]


def itxt(data, compressed=False):
  text = zlib.compress(data) if compressed else data
  return chunk(b"iTXt", b"XML:com.adobe.xmp\0" + bytes([compressed, 0]) + b"\0\0" + text)


def raw_profile(kind, data):
  """As ImageMagick keeps XMP and EXIF in a PNG: a name, a length, lines of hexadecimal."""
  lines = [data.hex()[at : at + 72] for at in range(0, 2 * len(data), 72)]
  text = "\n".join(["", kind, f"{len(data):8d}", *lines, ""]).encode()
  return chunk(b"zTXt", f"Raw profile type {kind}\0\0".encode() + zlib.compress(text))


def gif():
  plain = encoded("GIF")
  at = plain.rindex(b"\x2c", 0, -12)
  at = 13 + 3 * 2 ** ((plain[10] & 7) + 1) if plain[10] & 0x80 else 13
  return plain[:at] + b"\x21\xff\x0bXMP DataXMP" + FIVE + GIF_TRAILER + plain[at:]


PLACES = {
  "jpeg": lambda: encoded("JPEG", xmp=FIVE),
  "jpeg, padded": lambda: encoded("JPEG", xmp=b"\n" + FIVE + b" \n" * 999 + b"\0"),
  "jpeg, UTF-16": lambda: encoded("JPEG", xmp=FIVE.decode().encode("utf-16")),
  "jpeg, exif": lambda: encoded("JPEG", exif=exif(5)),
  "jpeg, exif's percentage": lambda: encoded("JPEG", exif=exif(99, 0x4749)),
  "png before the pixels": lambda: png(itxt(FIVE), "before"),
  "png after the pixels": lambda: png(itxt(FIVE), "after"),
  "png, compressed": lambda: png(itxt(FIVE, True), "after"),
  "png, text": lambda: png(chunk(b"tEXt", b"XML:com.adobe.xmp\0" + FIVE), "before"),
  "png, wrong checksum": lambda: png(itxt(FIVE)[:-1] + b"\0", "before"),
  "png, ImageMagick's xmp": lambda: png(raw_profile("xmp", FIVE), "before"),
  "png, ImageMagick's APP1": lambda: png(
    raw_profile("APP1", b"http://ns.adobe.com/xap/1.0/\0" + FIVE), "after"
  ),
  "png, ImageMagick's exif": lambda: png(raw_profile("exif", exif(5)), "after"),
  "png, ImageMagick's exif as APP1": lambda: png(raw_profile("APP1", exif(5)), "before"),
  "png, exif": lambda: png(chunk(b"eXIf", exif(5).removeprefix(b"Exif\0\0")), "after"),
  "tiff": lambda: encoded("TIFF", tiffinfo={700: FIVE}),
  "tiff, big": lambda: encoded("TIFF", tiffinfo={700: FIVE}, big_tiff=True),
  "tiff, exif": lambda: encoded("TIFF", tiffinfo={0x4746: 5}),
  "webp": lambda: encoded("WEBP", xmp=FIVE),
  "webp, exif": lambda: encoded("WEBP", exif=exif(5)),
  "avif": lambda: encoded("AVIF", xmp=FIVE),
  "avif, exif": lambda: encoded("AVIF", exif=exif(5)),
  "gif": gif,
}


@pytest.mark.parametrize("place", PLACES)
def test_a_rating_is_seen_wherever_a_format_keeps_it(place, tmp_path):
  if place[:4] == "avif" and "AVIF" not in FORMATS:
    pytest.skip("this Pillow reads no AVIF")
  photo = tmp_path / "a.jpg"  # by its bytes, not by its name
  photo.write_bytes(PLACES[place]())
  before = photo.read_bytes()
  assert xmp.read_rating(photo).human == 5
  with pytest.raises(UserError, match=r"rating of its own \(5\)"):
    xmp.write_predicted(photo, 3)
  assert photo.read_bytes() == before and list(tmp_path.iterdir()) == [photo]


def test_exiftool_sees_it_in_the_same_places_of_a_png(tmp_path):
  places = [place for place in PLACES if place.startswith("png")]
  for place in places:
    (tmp_path / f"{place}.png").write_bytes(PLACES[place]())
  read = exiftool("-j", "-n", "-XMP-xmp:Rating", "-IFD0:Rating", tmp_path)
  assert [one["Rating"] for one in read] == [5] * len(places)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "avif", "gif"])
def test_what_exiftool_wrote_into_a_file_is_read(suffix, tmp_path):
  form = {"jpg": "JPEG", "tif": "TIFF"}.get(suffix, suffix.upper())
  if form not in FORMATS:
    pytest.skip(f"this Pillow reads no {form}")
  photo = tmp_path / f"a.{suffix}"
  photo.write_bytes(encoded(form))
  exiftool("-q", "-overwrite_original", "-XMP-xmp:Rating=4.5", photo)
  assert xmp.read_rating(photo).human == 4.5
  if suffix != "gif":  # which has no EXIF
    exiftool("-q", "-overwrite_original", "-XMP-xmp:Rating=", "-IFD0:Rating=2", photo)
    assert xmp.read_rating(photo).human == 2


BROKEN = packet('xmp:Rating="4"', "<my:a>Z\u00fcrich</my:a>").replace("\u00fc".encode(), b"\xfc")


def test_a_packet_that_does_not_parse_falls_through_to_exif(tmp_path):
  photo = tmp_path / "a.jpg"
  photo.write_bytes(encoded("JPEG", xmp=BROKEN, exif=exif(4)))
  assert xmp.read_rating(photo).human == 4
  photo.write_bytes(encoded("JPEG", xmp=packet('xmp:Rating="good"'), exif=exif(4)))
  assert xmp.read_rating(photo).human == 4
  photo.write_bytes(encoded("JPEG", xmp=FIVE, exif=exif("none")))
  assert xmp.read_rating(photo).human == 5


@pytest.mark.parametrize(
  ("data", "says"),
  [
    (encoded("JPEG", xmp=BROKEN), r"the XMP inside a\.jpg is not XMP"),
    (encoded("JPEG", xmp=BROKEN, exif=exif(0)), r"the XMP inside a\.jpg is not XMP"),
    (encoded("JPEG", xmp=packet("", "<xmp:Rating/>")), r"the XMP inside a\.jpg has a rating that"),
    (encoded("JPEG", exif=exif("none")), r"a\.jpg has a rating in its EXIF that is not understood"),
    (png(itxt(FIVE, True).replace(b"x\x9c", b"xx"), "after"), r"the XMP inside a\.jpg is not XMP"),
    (png(chunk(b"tEXt", b"Raw profile type xmp\0zz\n\n\nzz"), "after"), r"a rating inside a\.jpg"),
    (b"no image", r"a rating inside a\.jpg cannot be looked for: not an image"),
    (b"", r"a rating inside a\.jpg cannot be looked for: the file is empty"),
    (encoded("JPEG")[:40], r"a rating inside a\.jpg cannot be looked for: "),
  ],
  ids=range(9),
)
def test_where_nothing_can_be_read_nothing_is_written(data, says, tmp_path):
  photo = tmp_path / "a.jpg"
  photo.write_bytes(data)
  for attempt in (xmp.read_rating, lambda photo: xmp.write_predicted(photo, 3)):
    with pytest.raises(UserError, match=says):
      attempt(photo)
  assert list(tmp_path.iterdir()) == [photo]


def test_several_packets_are_all_read(tmp_path):
  photo = tmp_path / "a.jpg"
  start, rest = encoded("JPEG")[:2], encoded("JPEG")[2:]
  segments = b""
  for each in (packet('xmp:Rating="3"'), packet()):
    body = b"http://ns.adobe.com/xap/1.0/\0" + each
    segments += b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
  photo.write_bytes(start + segments + rest)
  assert xmp.read_rating(photo).human == 3


def test_our_prediction_carried_into_the_image_is_still_ours(tmp_path):
  photo = tmp_path / "a.jpg"
  ours = 'xmlns:p="https://paiaa.invalid/ns/1.0/" p:PredictedRating="4" xmp:Rating="4"'
  photo.write_bytes(encoded("JPEG", xmp=packet(ours), exif=exif(4)))
  assert xmp.read_rating(photo).human is None
  photo.write_bytes(encoded("JPEG", xmp=packet(ours), exif=exif(2)))
  assert xmp.read_rating(photo).human == 2


def extended(more, *, named=True, lost=0):
  """A JPEG with a packet in three portions, the last first, as XMP's part 3, 1.1.3.1 has it."""
  digest = hashlib.md5(more).hexdigest().upper()
  note = f'xmlns:note="http://ns.adobe.com/xmp/note/" note:HasExtendedXMP="{digest}"'
  cuts = [0, len(more) // 3, 2 * len(more) // 3, len(more)]
  segments = b""
  for start, end in [*itertools.pairwise(cuts)][: 3 - lost][::-1]:
    place = struct.pack(">32sII", digest.encode(), len(more), start)
    body = b"http://ns.adobe.com/xmp/extension/\0" + place + more[start:end]
    segments += b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
  plain = encoded("JPEG", xmp=packet(note if named else ""))
  at = plain.index(b"\xff\xdb")  # the tables, behind every APP1
  return plain[:at] + segments + plain[at:]


def test_a_rating_in_the_extended_part_of_a_jpeg_is_a_persons(tmp_path):
  photo = tmp_path / "a.jpg"
  photo.write_bytes(extended(FIVE))
  assert xmp.read_rating(photo).human == 5
  with pytest.raises(UserError, match="its own"):
    xmp.write_predicted(photo, 3)
  assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]
  (read,) = exiftool("-j", "-n", "-XMP-xmp:Rating", photo)
  assert read["Rating"] == 5


def test_an_extended_part_that_is_not_whole_is_named_and_one_of_another_packet_ignored(tmp_path):
  photo = tmp_path / "a.jpg"
  photo.write_bytes(extended(FIVE, lost=1))
  with pytest.raises(UserError, match=r"XMP inside a\.jpg"):
    xmp.read_rating(photo)
  photo.write_bytes(extended(FIVE, named=False))
  assert xmp.read_rating(photo).human is None
