"""Paths of files and folders -> the photographs among them; one photograph's bytes -> what is kept.

Nothing here raises for a bad file: what is wrong with it is its `error`.
"""

from __future__ import annotations

import hashlib
import math
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from paiaa_jax.data import images, raw
from paiaa_jax.errors import UserError
from paiaa_jax.files import read_regular
from paiaa_jax.photos.names import counted, printable

DIGEST_BYTES = 16  # of the sha256 of a file
BLANK = 2.0  # levels of 255, the deviation of a channel below which there is no picture
RAW, PAIRED, SUBFOLDER = "RAW file", "RAW twin of a JPEG", "subfolder"  # what is passed over
_OF_NAS = "@eaDir"  # where Synology keeps its thumbnails, in folders named like the photographs
_EXIF_BLOCK, _TAKEN, _SUBSECONDS = 0x8769, 0x9003, 0x9291


class Decoded(NamedTuple):
  """One file, read.

  Attributes:
    digest: first 16 bytes of its sha256.
    pixels: [s, s, 3] uint8.
    look: 64 bits, each telling whether brightness falls from one cell to its right neighbour;
      pictures of one scene differ in few.
    taken: when, in seconds by the camera's own clock; NaN where the file does not say.
  """

  digest: bytes
  pixels: np.ndarray
  look: int
  taken: float


def find_photos(
  paths: Iterable[str | Path],
  recursive: bool = False,
  passed: Counter[str] | None = None,
  pairs: bool = False,
) -> Iterator[Path]:
  """Files as named, and the photographs of folders by suffix, sorted; hidden ones are passed over.

  So are a folder in a folder that is named like a photograph, a NAS's folders of thumbnails, and
  RAW files where the extra `raw` is not installed.

  Args:
    paths: of files and folders.
    recursive: whether folders in folders are searched.
    passed: takes how many of RAW, PAIRED and SUBFOLDER were passed over.
    pairs: whether a RAW file counts beside the camera's JPEG of the same shot, which has its name.

  Raises:
    UserError: a path that does not exist.
  """
  for path in map(Path, paths):
    if path.is_dir():
      passed = Counter() if passed is None else passed
      yield from _in_folder(path, recursive, passed, pairs)
    elif path.exists() or path.is_symlink():
      yield path
    else:
      raise UserError(f"{path}: no such file or folder.")


def _in_folder(
  folder: Path, recursive: bool, passed: Counter[str], pairs: bool, inner: bool = False
) -> Iterator[Path]:
  try:
    entries = os.scandir(folder)
  except PermissionError as error:
    if not inner:  # one that was asked for by name
      raise UserError(f"{folder} cannot be read ({error.strerror}).") from error
    print(
      f"{printable(folder)}: passed over, it cannot be read ({error.strerror}).", file=sys.stderr
    )
    return
  with entries:
    found = sorted((entry for entry in entries if entry.name[0] != "."), key=lambda e: e.name)
  names = [entry.name.lower() for entry in found]
  shots: set[str] = set()  # of which there is a picture
  has_raw = any(map(raw.is_raw, names))
  is_readable = has_raw and raw.is_readable()  # asked once: it looks for the package's files
  if has_raw and not pairs:
    shots = {os.path.splitext(name)[0] for name in names if name.endswith(images.SUFFIXES)}
  for entry, name in zip(found, names, strict=True):
    if name.endswith(images.SUFFIXES):
      if not _is_folder(entry):
        yield folder / entry.name
    elif raw.is_raw(name):
      if not is_readable:
        passed[RAW] += 1
      elif os.path.splitext(name)[0] in shots:
        passed[PAIRED] += 1
      elif not _is_folder(entry):
        yield folder / entry.name
    elif entry.name != _OF_NAS and entry.is_dir(follow_symlinks=False):
      if recursive:
        yield from _in_folder(folder / entry.name, recursive, passed, pairs, inner=True)
      else:
        passed[SUBFOLDER] += 1


def _is_folder(entry: os.DirEntry) -> bool:
  try:
    return entry.is_dir()
  except OSError:  # a link that leads in a circle, or where it may not be followed
    return False


def told(passed: Counter[str]) -> str:
  """What was passed over, in a line, with what would change that."""
  counts = ", ".join(counted(count, what) for what, count in sorted(passed.items()))
  hints = {RAW: f"for RAW files: {raw.INSTALL}", SUBFOLDER: "--recursive looks into subfolders"}
  return "; ".join([f"passed over: {counts}", *(hints[each] for each in hints if passed[each])])


def read_bytes(path: Path) -> bytes:
  """The file's bytes; UserError with a plain reason where they cannot be had."""
  try:
    return read_regular(path)
  except OSError as error:
    raise UserError(f"cannot be read ({error.strerror or error}).") from error


def digest_of(data: bytes) -> bytes:
  """By what the cache knows an encoded image: the beginning of its sha256."""
  return hashlib.sha256(data).digest()[:DIGEST_BYTES]


def decode(data: bytes, size: int, name: str | Path = "") -> Decoded:
  """Encoded bytes -> pixels as the model reads them. UserError where they are no picture.

  name: of the file, whose suffix tells a RAW file.
  """
  picture, taken = raw.preview(data) if raw.is_raw(name) else (data, float("nan"))
  pixels = images.square(picture, size)
  if np.max(np.std(pixels[::4, ::4], axis=(0, 1))) < BLANK:
    raise UserError("one colour all over, as of a covered lens: no picture to score.")
  own = taken_at(picture)
  return Decoded(digest_of(data), pixels, look_of(pixels), taken if math.isnan(own) else own)


def reason(error: Exception) -> str:
  """What was wrong with a file, in one line."""
  return " ".join(str(error).split()).removeprefix("image: ") or type(error).__name__


def look_of(pixels: np.ndarray) -> int:
  """Difference hash: [s, s, 3] uint8 -> 64 bits over a grid of 8 x 8 (Krawetz, 2013)."""
  grey = Image.fromarray(pixels).convert("L").resize((9, 8), Image.Resampling.BOX)
  cells = np.asarray(grey, np.int16)
  return int.from_bytes(np.packbits(cells[:, :-1] > cells[:, 1:]).tobytes(), "big")


def taken_at(data: bytes) -> float:
  """EXIF DateTimeOriginal with its fraction, in seconds; NaN where absent or broken."""
  try:
    # not a PNG's own getexif, which decodes the picture once more
    exif = Image.Image.getexif(images.open_image(data)).get_ifd(_EXIF_BLOCK)
    moment = datetime.strptime(exif[_TAKEN].strip(" \0"), "%Y:%m:%d %H:%M:%S")
    fraction = str(exif.get(_SUBSECONDS, "")).strip(" \0")
    seconds = float(f"0.{fraction}") if fraction.isdigit() else 0.0
    return moment.replace(tzinfo=UTC).timestamp() + seconds
  except Exception:  # hostile metadata raises a dozen types, and none of them costs the picture
    return float("nan")
