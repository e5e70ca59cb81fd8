"""Colour profiles written by the ICC specification (ICC.1:2010), for the tests of colour."""

import io
import struct

import numpy as np
from PIL import ImageCms

D50 = (0.9642, 1.0, 0.8249)
# Red, green and blue as XYZ under D50: the columns of each space's matrix to XYZ.
P3 = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
ADOBE = ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446))
PROPHOTO = ((0.7977, 0.2880, 0.0000), (0.1352, 0.7119, 0.0000), (0.0313, 0.0001, 0.8249))
SRGB = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))


def _numbers(*values):
  return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def _xyz(column):
  return b"XYZ \0\0\0\0" + _numbers(*column)


def gamma(exponent):
  return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(exponent * 256))


def srgb_curve():
  """IEC 61966-2-1, as parametricCurveType 3."""
  return (
    b"para\0\0\0\0"
    + struct.pack(">HH", 3, 0)
    + _numbers(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
  )


def profile(space, tags, kind=b"mntr", connection=b"XYZ ", intent=0, name="of a test"):
  """A profile of version 2.4: header, table of tags, tags."""
  tags = {
    b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(name) + 1) + name.encode() + bytes(79),
    b"wtpt": _xyz(D50),
    **tags,
  }
  body = table = b""
  for key, value in tags.items():
    table += key + struct.pack(">II", 132 + 12 * len(tags) + len(body), len(value))
    body += value + bytes(-len(value) % 4)
  size = 132 + len(table) + len(body)
  head = struct.pack(
    ">I4sI4s4s4s6H", size, b"test", 0x02400000, kind, space, connection, *[2024, 1, 1, 0, 0, 0]
  )
  head = (head + b"acsp").ljust(64, b"\0") + struct.pack(">I", intent) + _numbers(*D50)
  return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def rgb(primaries, curve, **options):
  tags = {
    name: _xyz(column) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)
  }
  return profile(b"RGB ", tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve), **options)


def grey(curve):
  return profile(b"GRAY", {b"kTRC": curve})


def cmyk():
  """A printer with two levels of each ink, between which lut8Type is linear."""
  inks = np.indices((2, 2, 2, 2)).reshape(4, 16).T  # cyan changes slowest
  light = np.prod(1 - inks * [0.5, 0.6, 0.2, 0.95], axis=1)
  a = 128 + 60 * (inks[:, 1] - inks[:, 0]) * (1 - inks[:, 3])
  b = 128 + 70 * (inks[:, 2] - inks[:, 0]) * (1 - inks[:, 3])
  table = np.stack([255 * light, a, b], axis=1).clip(0, 255).astype(np.uint8)
  straight = bytes(range(256))
  matrix = _numbers(1, 0, 0, 0, 1, 0, 0, 0, 1)
  lut = (
    b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + matrix + straight * 4 + table.tobytes() + straight * 3
  )
  return profile(b"CMYK", {b"A2B0": lut}, kind=b"prtr", connection=b"Lab ")


def littlecms(image, data, intent=0):
  """What littleCMS makes of a whole picture: RGB in sRGB."""
  source = ImageCms.ImageCmsProfile(io.BytesIO(data))
  srgb = ImageCms.createProfile("sRGB")
  return ImageCms.profileToProfile(image, source, srgb, renderingIntent=intent, outputMode="RGB")
