"""Encoded pictures for the tests of decoding: PNG and TIFF written by the specification."""

import io
import struct
import zlib

import numpy as np
from PIL import Image


def photo(width=64, height=48, seed=0):
  """A smooth colour picture without symmetry, which JPEG keeps well."""
  noise = np.random.default_rng(seed).uniform(0, 255, (4, 5, 3)).astype(np.uint8)
  return Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)


def encoded(image, form="JPEG", **options):
  out = io.BytesIO()
  image.save(out, form, **options)
  return out.getvalue()


def opened(data):
  return Image.open(io.BytesIO(data))


def chunk(kind, body, wrong=False):
  """A PNG's chunk, with a wrong checksum if asked for."""
  checksum = zlib.crc32(kind + body) ^ wrong
  return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def png_with(data, before=b"", after=b""):
  """A PNG with chunks put before its pixels, or behind them."""
  start, end = data.index(b"IDAT") - 4, data.rindex(b"IEND") - 4
  return data[:start] + before + data[start:end] + after + data[end:]


def png(samples, colour_type, before=b""):
  """Samples [h, w] or [h, w, c], uint8 or uint16 -> a PNG of one IDAT without filters."""
  height, width = samples.shape[:2]
  rows = samples.astype(samples.dtype.newbyteorder(">")).reshape(height, -1)
  pixels = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows), 1)
  header = struct.pack(">IIBBBBB", width, height, 8 * samples.itemsize, colour_type, 0, 0, 0)
  chunks = chunk(b"IHDR", header) + before + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
  return b"\x89PNG\r\n\x1a\n" + chunks


def tiff(samples, tags=(), order="<", bits=0, compressed=False, planes=False):
  """Samples [h, w] or [h, w, 3] -> a TIFF of one strip, in which the highest value is white.

  Args:
    samples: unsigned, signed or floating-point numbers.
    tags: tag -> (type, numbers), beside ours or in their place.
    order: of the bytes, as struct has it.
    bits: a sample, where it is not the array's: the samples must be packed already.
    compressed: by zlib.
    planes: red, then green, then blue, each a strip.
  """
  height, width, count = (*samples.shape, 1)[:3]
  samples = samples.astype(samples.dtype.newbyteorder(order))
  strips = [part.tobytes() for part in (np.moveaxis(samples, -1, 0) if planes else [samples])]
  strips = [zlib.compress(strip) for strip in strips] if compressed else strips
  starts = [8 + sum(map(len, strips[:i])) for i in range(len(strips) + 1)]
  kind = {"u": 1, "i": 2, "f": 3}[samples.dtype.kind]
  fields = {
    **{256: (4, [width]), 257: (4, [height]), 258: (3, [bits or 8 * samples.itemsize] * count)},
    **{259: (3, [8 if compressed else 1]), 262: (3, [2 if count == 3 else 1])},
    **{273: (4, starts[:-1]), 277: (3, [count]), 278: (4, [height])},
    **{279: (4, list(map(len, strips))), 284: (3, [1 + planes]), 339: (3, [kind] * count)},
    **dict(tags),
  }
  entries, beyond = [], b""
  for tag, (kind, numbers) in sorted(fields.items()):
    value = struct.pack(f"{order}{len(numbers)}{TIFF_TYPES[kind]}", *numbers)
    if len(value) > 4:  # it stands behind the directory
      value, beyond = starts[-1] + 6 + 12 * len(fields) + len(beyond), beyond + value
      value = struct.pack(f"{order}I", value)
    entries.append(struct.pack(f"{order}HHI", tag, kind, len(numbers)) + value.ljust(4, b"\0"))
  head = {"<": b"II", ">": b"MM"}[order] + struct.pack(f"{order}HI", 42, starts[-1])
  directory = struct.pack(f"{order}H", len(entries)) + b"".join(entries) + bytes(4)
  return head + b"".join(strips) + directory + beyond


TIFF_TYPES = {3: "H", 4: "I", 11: "f"}
