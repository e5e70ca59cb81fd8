"""What an image file itself says about stars: its XMP and EXIF, read without decoding a pixel."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from PIL import JpegImagePlugin

from paiaa_jax.data import images
from paiaa_jax.errors import UserError
from paiaa_jax.files import open_regular
from paiaa_jax.photos import exif_rating, xmp_packet
from paiaa_jax.photos.star_values import Rating

_JPEG, _GIF, _RIFF = b"\xff\xd8\xff", b"GIF8", b"RIFF"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_JPEG_MORE = b"http://ns.adobe.com/xmp/extension/\0"  # what 64 KiB cannot hold: part 3, 1.1.3.1
_PORTION = struct.Struct(">32sII")  # of which packet: its digest, its length, the portion's offset
_MOST_CHUNKS = 100_000  # of a WebP: a chunk a frame, and few more
_GIF_XMP, _GIF_END = b"\x21\xff\x0bXMP DataXMP", b"\x01\xff\xfe\xfd"  # XMP, part 3, 1.1.2


class Metadata(NamedTuple):
  """XMP packets, and EXIF, "" where there is none."""

  packets: list[bytes]
  exif: bytes


def read_rating(photo: Path) -> Rating:
  """Stars inside an image file, by its XMP or else by its EXIF.

  A packet that cannot be read is passed over if another place holds a person's rating.

  Raises:
    UserError: nothing, or no rating, can be read there.
  """
  found, faults = metadata(photo), []
  ratings = []
  for packet in found.packets:
    try:
      name = f"the XMP inside {photo.name}"
      ratings.append(xmp_packet.parse_rating(packet.strip(b"\0 \r\n\t"), name))
    except UserError as error:
      faults.append(error)
  predicted = next((one.predicted for one in ratings if one.predicted is not None), None)
  try:
    ratings.append(exif_rating.rating_of(found.exif, photo.name, predicted))
  except UserError as error:
    faults.append(error)
  given = [rating for rating in ratings if rating.human is not None]
  if faults and not given:
    raise faults[0]
  return next(iter(given or ratings))


def metadata(photo: Path) -> Metadata:
  """The packets and the EXIF of an image file, wherever its format keeps them.

  Raises:
    UserError: it cannot be read.
  """
  data = b""
  try:
    with open_regular(photo) as file:
      data = file.read(16)
      if data.startswith(_JPEG):  # what is behind its segments, the pixels, stays on the disk
        file.seek(0)
        return _of_jpeg(file)
      data += file.read()
    return _of_bytes(data)
  except Exception as error:  # on hostile bytes Pillow's parsers raise a dozen types
    why = getattr(error, "strerror", None) or images.reason(data, error)
    raise UserError(f"a rating inside {photo.name} cannot be looked for: {why}") from error


def _of_jpeg(file: BinaryIO) -> Metadata:
  image = JpegImagePlugin.JpegImageFile(file, "")
  bodies = [body for marker, body in image.applist if marker == "APP1"]
  packets = [body.removeprefix(_JPEG_XMP) for body in bodies if body.startswith(_JPEG_XMP)]
  return Metadata([*packets, *_extended(bodies, packets)], image.info.get("exif", b""))


def _extended(bodies: list[bytes], packets: list[bytes]) -> Iterator[bytes]:
  """Packets in portions, whose digest `packets` name; one that lacks a portion does not parse."""
  portions: dict[bytes, dict[int, bytes]] = {}
  for body in bodies:
    told, start = body.removeprefix(_JPEG_MORE), _PORTION.size
    if len(told) < len(body) and len(told) >= start:
      digest, _, offset = _PORTION.unpack_from(told)
      portions.setdefault(digest, {})[offset] = told[start:]
  for digest, found in portions.items():
    if any(digest in packet for packet in packets):
      yield b"".join(found[offset] for offset in sorted(found))


def _of_bytes(data: bytes) -> Metadata:
  if data.startswith(_TIFF):
    found = exif_rating.entries(data, (exif_rating.XMP,))
    return Metadata([entry.data for entry in found.values()], data)
  if data.startswith(_RIFF):
    chunks = dict(_riff_chunks(data))
    return Metadata([chunks[b"XMP "]] if b"XMP " in chunks else [], chunks.get(b"EXIF", b""))
  if data.startswith(_GIF):
    _, there, rest = data.partition(_GIF_XMP)
    return Metadata([rest.partition(_GIF_END)[0]] if there else [], b"")
  info = images.open_image(data).info
  exif = info.get("exif") or _of_image_magick(info.get("Raw profile type exif") or "")
  return Metadata([info["xmp"]] if info.get("xmp") else [], exif)


def _of_image_magick(text: str) -> bytes:
  """A text of ImageMagick's: a line without words, a kind, a length, then hexadecimal."""
  return bytes.fromhex("".join(text.split("\n")[3:]))


def _riff_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
  at = 12
  for _ in range(_MOST_CHUNKS):
    if at + 8 > len(data):
      return
    kind, size = struct.unpack_from("<4sI", data, at)
    yield kind, data[at + 8 : at + 8 + size]
    at += 8 + size + size % 2
