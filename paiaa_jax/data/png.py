"""A PNG without what its pixels do not need, so that nothing broken there costs the picture.

A broken checksum, a text of any length, data after the pixels: libpng and the browsers pass over
them; Pillow refuses the file. (PNG specification, third edition, 5.4: ancillary chunks.)
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

MAX_INFLATED = 16 << 20  # bytes, of a compressed profile or text
_COLOUR_TYPE = 25  # where IHDR says it
_KEY_BYTES = {0: 2, 2: 6}  # colour type -> length of its transparent colour
TEXTS = (b"tEXt", b"zTXt", b"iTXt")
RAW_EXIF, XMP = b"Raw profile type exif", b"XML:com.adobe.xmp"  # keys of texts

Described = dict[str, bytes | str]


def essential(data: bytes) -> tuple[bytes, Described]:
  """A PNG -> the same pixels, and what describes them.

  Chunks that hold pixels, palette or transparency stay. Of the others, wherever they stand and if
  their checksum is right, the description holds, under Pillow's keys: `icc_profile`, `exif`,
  `xmp`, `Raw profile type exif`.
  """
  described: Described = {}
  kept, view = [], memoryview(data)
  start = end = 8  # of the piece that is kept, and of the last chunk
  pixels = False
  for kind, at, end in chunks(data):
    pixels |= kind == b"IDAT"
    if kind[:1].isupper():  # critical
      continue
    wanted = kind in (b"tRNS", b"iCCP", b"eXIf", *TEXTS)
    body = bytes(view[at + 8 : end - 4]) if wanted and _is_intact(view[at:end]) else None
    if kind != b"tRNS" or body is None or not _fits(body, data[_COLOUR_TYPE]):
      kept.append(view[start:at])
      start = end
    if kind != b"tRNS" and body is not None and not (pixels and kind == b"iCCP"):
      _describe(kind, body, described)
  # What is no chunk is left to Pillow, to say what it is, unless the pixels are whole.
  whole = pixels and data[end + 4 : end + 8] != b"IDAT"
  kept.append(view[start : end if whole else len(data)])
  if sum(map(len, kept)) == len(data) - 8:
    return data, described
  return b"".join([view[:8], *kept]), described


def chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
  """Kind, start and end of each chunk up to the last, or to what is none."""
  kind, at = b"", 8
  while at + 12 <= len(data) and kind != b"IEND":
    length, kind = struct.unpack_from(">I4s", data, at)
    if not kind.isalpha():
      return
    yield kind, at, at + 12 + length
    at += 12 + length


def _is_intact(chunk: memoryview) -> bool:
  """Length, kind, body and checksum: whether all is there and right."""
  length, checksum = int.from_bytes(chunk[:4], "big"), int.from_bytes(chunk[-4:], "big")
  return len(chunk) == length + 12 and zlib.crc32(chunk[4:-4]) == checksum


def _fits(transparency: bytes, colour_type: int) -> bool:
  if colour_type == 3:
    return len(transparency) <= 256
  return len(transparency) >= _KEY_BYTES.get(colour_type, 0)


def _describe(kind: bytes, body: bytes, described: Described) -> None:
  if kind == b"eXIf":
    described["exif"] = b"Exif\0\0" + body
  elif kind == b"iCCP":  # name, zero, method, compressed profile
    if profile := _inflated(body.partition(b"\0")[2]):
      described["icc_profile"] = profile
    return
  key, _, rest = body.partition(b"\0")
  if (key, kind) == (XMP, b"iTXt"):
    described["xmp"] = text_of(kind, rest)
  elif key == RAW_EXIF and kind in (b"tEXt", b"zTXt"):
    described[key.decode()] = text_of(kind, rest).decode("latin-1")


def text_of(kind: bytes, rest: bytes) -> bytes:
  """The text behind the key of one of the TEXTS and its zero; empty where it does not inflate.

  Text; or method, compressed text; or whether that, method, language, zero, translated key, zero,
  text.
  """
  if kind == b"iTXt":
    text = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    return _inflated(rest[1:2] + text) if rest[:1] == b"\1" else text
  return _inflated(rest) if kind == b"zTXt" else rest


def raw_profile(text: bytes) -> bytes:
  """ImageMagick's text of a profile (a line without words, its kind, its length, then hexadecimal).

  Raises:
    ValueError: it is another text.
  """
  return bytes.fromhex(b"".join(text.split(b"\n")[3:]).decode("ascii"))


def _inflated(data: bytes) -> bytes:
  """Method 0 and zlib's bytes -> what they hold; empty where they are broken or hold too much."""
  try:
    inflater = zlib.decompressobj()
    found = inflater.decompress(data[1:], MAX_INFLATED) if data[:1] == b"\0" else b""
  except zlib.error:
    return b""
  return b"" if inflater.unconsumed_tail else found
