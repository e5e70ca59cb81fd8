"""RAW files made by hand: DNG, as Adobe's specification 1.7 has it, small and with true pixels."""

import io
import struct

import numpy as np
from PIL import Image

ASCII, SHORT, LONG, BYTE = 2, 3, 4, 1
FORM = {BYTE: "B", SHORT: "H", LONG: "I"}
SENSOR = (64, 48)  # width, height of the sensor's data


def jpeg(pixels, **options):
  buffer = io.BytesIO()
  Image.fromarray(pixels).save(buffer, "JPEG", quality=95, **options)
  return buffer.getvalue()


def directory(entries, at):
  """An image file directory that stands at `at`, and the values that do not fit into it."""
  size = 2 + 12 * len(entries) + 4
  table, more = struct.pack("<H", len(entries)), b""
  for tag, kind, values in sorted(entries):
    data = values if kind == ASCII else struct.pack(f"<{len(values)}{FORM[kind]}", *values)
    count = len(values)
    if len(data) > 4:
      place = struct.pack("<I", at + size + len(more))
      more += data + bytes(len(data) % 2)
    else:
      place = data.ljust(4, b"\0")
    table += struct.pack("<HHI", tag, kind, count) + place
  return table + bytes(4) + more


def described(size, data, at, compression):
  """The entries of a picture in colour whose bytes stand at `at`."""
  width, height = size
  return [
    (254, LONG, [1]),
    (256, LONG, [width]),
    (257, LONG, [height]),
    (258, SHORT, [8, 8, 8]),
    (259, SHORT, [compression]),
    (262, SHORT, [6 if compression == 7 else 2]),
    (273, LONG, [at]),
    (277, SHORT, [3]),
    (278, LONG, [height]),
    (279, LONG, [len(data)]),
  ]


def dng(*previews, orientation=1, taken=b"2024:05:06 07:08:09\0", xmp=b""):
  """A DNG that holds these previews, JPEGs or arrays [h, w, 3], the first in its first directory.

  Beside them is a sensor of one grey. Without any the first directory is the sensor's.
  """
  blob = b"II*\0" + bytes(4)

  def put(data):
    nonlocal blob
    blob += bytes(-len(blob) % 4)
    at, blob = len(blob), blob + data
    return at

  pictures = []
  for one in previews:
    size = Image.open(io.BytesIO(one)).size if isinstance(one, bytes) else one.shape[1::-1]
    data = one if isinstance(one, bytes) else one.tobytes()
    pictures.append(described(size, data, put(data), 7 if isinstance(one, bytes) else 1))
  width, height = SENSOR
  sensor = struct.pack("<H", 1000) * (width * height)
  sensor = [
    *[(254, LONG, [0]), (256, LONG, [width]), (257, LONG, [height]), (258, SHORT, [16])],
    *[(259, SHORT, [1]), (262, SHORT, [32803]), (273, LONG, [put(sensor)]), (277, SHORT, [1])],
    *[(278, LONG, [height]), (279, LONG, [len(sensor)]), (33421, SHORT, [2, 2])],
    (33422, BYTE, [0, 1, 1, 2]),
  ]
  first, *others = [*pictures, sensor]
  at = len(blob) + -len(blob) % 4
  exif = put(directory([(36867, ASCII, taken)], at)) if taken else 0
  inner = []
  for one in others:
    at = len(blob) + -len(blob) % 4
    inner.append(put(directory(one, at)))
  first += [(271, ASCII, b"Nobody\0"), (272, ASCII, b"By hand\0"), (274, SHORT, [orientation])]
  first += [(330, LONG, inner)] if inner else []
  first += [(306, ASCII, taken), (34665, LONG, [exif])] if taken else []
  first += [(700, BYTE, list(xmp))] if xmp else []
  first += [(50706, BYTE, [1, 4, 0, 0]), (50708, ASCII, b"Nobody By hand\0")]
  at = len(blob) + -len(blob) % 4
  start = put(directory(first, at))
  return blob[:4] + struct.pack("<I", start) + blob[8:]


def coloured(size=(96, 64), seed=0):
  """Smooth colours [h, w, 3] uint8, other ones in each corner."""
  small = np.random.default_rng(seed).integers(0, 256, (3, 4, 3), np.uint8)
  return np.asarray(Image.fromarray(small).resize(size))
