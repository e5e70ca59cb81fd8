"""What an image file itself says about stars: its XMP and EXIF, read without decoding a pixel."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from PIL import JpegImagePlugin

from paiaa_jax.data import images, png, raw
from paiaa_jax.errors import UserError
from paiaa_jax.files import open_regular
from paiaa_jax.photos import exif_rating, xmp_packet
from paiaa_jax.photos.star_values import Rating

_JPEG, _PNG, _GIF, _RIFF = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_TIFF_LIKE = (b"IIU\0", b"IIRO", b"IIRS", b"MMOR")  # Panasonic's and Olympus's RAW files
_FUJI, _FUJI_JPEG = b"FUJIFILMCCD-RAW", 84  # where it says where its JPEG begins
_CANON = b"ftypcrx "
_CANON_XMP = b"uuid" + bytes.fromhex("be7acfcb97a942e89c71999491e3afac")  # as in any MP4
_EXIF = (b"Exif\0\0", *_TIFF)
_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_JPEG_MORE = b"http://ns.adobe.com/xmp/extension/\0"  # what 64 KiB cannot hold: part 3, 1.1.3.1
_PORTION = struct.Struct(">32sII")  # of which packet: its digest, its length, the portion's offset
_RAW_PROFILES = (png.RAW_EXIF, b"Raw profile type xmp", b"Raw profile type APP1")  # of PNGs' texts
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
      ratings.append(xmp_packet.parse_rating(_unpadded(packet), name))
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


def _unpadded(packet: bytes) -> bytes:
  """A packet without the blanks around it; UTF-16 and UTF-32, whose zeros are no blanks, stay."""
  found = packet.strip(b"\0 \r\n\t")
  return packet if b"\0" in found[:4] else found


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
    return _of_raw(data) if raw.is_raw(photo) else _of_bytes(data)
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


def _of_raw(data: bytes) -> Metadata:
  """Of a RAW file; those of kinds that keep no stars have none."""
  if data.startswith(_FUJI):
    return _of_jpeg(io.BytesIO(data[struct.unpack_from(">I", data, _FUJI_JPEG)[0] :]))
  if data[4:12] == _CANON:
    at = data.find(_CANON_XMP)
    size = struct.unpack_from(">I", data, at - 4)[0] if at > 0 else 0
    return Metadata([data[at + len(_CANON_XMP) : at - 4 + size]] if size else [], b"")
  if data.startswith(_TIFF + _TIFF_LIKE):
    return _of_tiff(data)
  return Metadata([], b"")


def _of_tiff(data: bytes) -> Metadata:
  found = exif_rating.entries(data, (exif_rating.XMP,))
  return Metadata([entry.data for entry in found.values()], data)


def _of_bytes(data: bytes) -> Metadata:
  if data.startswith(_TIFF):
    return _of_tiff(data)
  if data.startswith(_RIFF):
    chunks = dict(_riff_chunks(data))
    return Metadata([chunks[b"XMP "]] if b"XMP " in chunks else [], chunks.get(b"EXIF", b""))
  if data.startswith(_GIF):
    _, there, rest = data.partition(_GIF_XMP)
    return Metadata([rest.partition(_GIF_END)[0]] if there else [], b"")
  if data.startswith(_PNG):
    return _of_png(data)
  info = images.open_image(data).info
  return Metadata([info["xmp"]] if info.get("xmp") else [], info.get("exif") or b"")


def _of_png(data: bytes) -> Metadata:
  """Its eXIf and its texts, those whose checksum is wrong too: a rating in them is one."""
  packets, exif = [], []
  for kind, start, end in png.chunks(data):
    body = data[start + 8 : end - 4]
    key, _, rest = body.partition(b"\0")
    if kind == b"eXIf":
      exif.append(body)
    elif kind in png.TEXTS and key == png.XMP:
      packets.append(png.text_of(kind, rest))
    elif kind in png.TEXTS and key in _RAW_PROFILES:
      found = png.raw_profile(png.text_of(kind, rest))
      (exif if found.startswith(_EXIF) else packets).append(found.removeprefix(_JPEG_XMP))
  return Metadata(packets, next(iter(exif), b""))


def _riff_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
  at = 12
  for _ in range(_MOST_CHUNKS):
    if at + 8 > len(data):
      return
    kind, size = struct.unpack_from("<4sI", data, at)
    yield kind, data[at + 8 : at + 8 + size]
    at += 8 + size + size % 2
