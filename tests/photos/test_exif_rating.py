"""Stars in EXIF of any type, and by Windows' percentage; what is not understood is named."""

import struct

import pytest

from paiaa_jax.errors import UserError
from paiaa_jax.photos.exif_rating import rating_of
from tests.photos.packets import exiftool

STARS, PERCENT = 0x4746, 0x4749
TYPES = {  # by their names in TIFF 6.0 and BigTIFF -> type, struct's format of the value 4
  "byte": (1, "B", 4),
  "ascii": (2, "2s", b"4\0"),
  "short": (3, "H", 4),
  "long": (4, "I", 4),
  "rational": (5, "II", (8, 2)),
  "signed byte": (6, "b", 4),
  "undefined": (7, "1s", b"\4"),
  "undefined, a text": (7, "4s", b"4.0\0"),
  "signed short": (8, "h", 4),
  "signed long": (9, "i", 4),
  "signed rational": (10, "ii", (-8, -2)),
  "float": (11, "f", 4.0),
  "double": (12, "d", 4.0),
}


def exif(*entries, order="<", big=False):
  """(tag, type, count, packed value) of each entry -> a whole EXIF block, by the specification."""
  word, counts, inline = ("Q", "Q", 8) if big else ("I", "H", 4)
  head = struct.pack(f"{order}2sH", b"II" if order == "<" else b"MM", 43 if big else 42)
  head += struct.pack(f"{order}HHQ", 8, 0, 16) if big else struct.pack(f"{order}I", 8)
  size = len(head) + struct.calcsize(f"<{counts}") + len(entries) * (20 if big else 12) + inline
  table, values = struct.pack(order + counts, len(entries)), b""
  for tag, kind, count, value in entries:
    table += struct.pack(f"{order}HH{word}", tag, kind, count)
    if len(value) > inline:
      table += struct.pack(order + word, size + len(values))
      values += value
    else:
      table += value.ljust(inline, b"\0")
  return head + table + bytes(inline) + values


def entry(name, tag=STARS, order="<"):
  kind, form, value = TYPES[name]
  packed = struct.pack(order + form, *(value if isinstance(value, tuple) else (value,)))
  return tag, kind, len(packed) if kind in (2, 7) else 1, packed


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_stars_of_any_type_are_read(name, order, big):
  block = exif((0x010F, 2, 6, b"maker\0"), entry(name, order=order), order=order, big=big)
  assert rating_of(block, "a.jpg").human == 4
  assert rating_of(b"Exif\0\0" + block, "a.jpg").human == 4
  percent = exif(entry(name, PERCENT, order), order=order, big=big)
  assert rating_of(percent, "a.jpg").human == 1


def test_exiftool_reads_the_same(tmp_path):
  for i, name in enumerate(TYPES):
    (tmp_path / f"{i:02d}.tif").write_bytes(exif(entry(name)))
  read = exiftool("-j", "-n", "-IFD0:Rating", *sorted(tmp_path.iterdir()))
  assert [float(one["Rating"]) for one in read] == [4] * len(TYPES)


def test_a_half_a_rejection_and_none():
  assert rating_of(exif((STARS, 5, 1, struct.pack("<II", 9, 2))), "a").human == 4.5
  assert rating_of(exif((STARS, 8, 1, struct.pack("<h", -1))), "a").human == -1
  assert rating_of(exif((STARS, 3, 1, struct.pack("<H", 0))), "a").human is None
  assert rating_of(exif(), "a").human is None


def test_stars_count_before_a_percentage_and_a_persons_before_none():
  both = exif((STARS, 3, 1, struct.pack("<H", 3)), (PERCENT, 3, 1, struct.pack("<H", 99)))
  assert rating_of(both, "a").human == 3
  none = exif((STARS, 3, 1, struct.pack("<H", 0)), (PERCENT, 3, 1, struct.pack("<H", 99)))
  assert rating_of(none, "a").human == 5


def test_what_is_broken_elsewhere_does_not_hide_it():
  outside = (0x010F, 2, 2**31, b"\xff\xff\xff\xff")
  unknown = (0x0110, 99, 1, b"\xff\xff\xff\xff")
  assert rating_of(exif(outside, unknown, entry("short")), "a").human == 4


@pytest.mark.parametrize(
  "odd",
  [
    (STARS, 2, 5, b"good\0"),
    (STARS, 2, 1, b"\0"),
    (STARS, 7, 2, b"\4\0"),
    (STARS, 3, 2, struct.pack("<HH", 3, 4)),
    (STARS, 3, 0, b""),
    (STARS, 5, 1, struct.pack("<II", 4, 0)),
    (STARS, 11, 1, struct.pack("<f", float("nan"))),
    (STARS, 99, 1, b"\4"),
    (PERCENT, 3, 1, struct.pack("<H", 500)),
  ],
  ids=range(9),
)
def test_what_is_not_understood_is_named(odd):
  with pytest.raises(UserError, match=r"a\.jpg has a rating in its EXIF that is not understood"):
    rating_of(exif(odd), "a.jpg")


def test_a_block_that_is_cut_off_anywhere_is_no_error_of_ours():
  block = exif(entry("double"), (PERCENT, 12, 1, struct.pack("<d", 99)))
  for end in range(len(block)):
    try:
      assert rating_of(block[:end], "a").human in (None, 4)
    except UserError as error:
      assert "not understood" in str(error)
