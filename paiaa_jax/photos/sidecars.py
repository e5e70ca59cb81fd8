"""Which sidecars are a photograph's, by name, by what they say themselves, and by who is beside.

Of photo.jpg: photo.jpg.xmp (darktable, digiKam) and photo.xmp (Lightroom, Capture One), whatever
the case of the letters and the Unicode form of their accents. photo.xmp is the raw file's where
there is one, unless it names another extension.
"""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

from paiaa_jax.data import raw
from paiaa_jax.data.images import SUFFIXES
from paiaa_jax.errors import UserError
from paiaa_jax.files import read_regular, refusal
from paiaa_jax.photos import xmp_packet
from paiaa_jax.photos.star_values import Rating

SUFFIX = ".xmp"


class Listings(dict[Path, defaultdict[str, list[str]]]):
  """Folder -> the names in it by what stands before their last dot, as `_plain` has it.

  A folder is read once: looking it through for each of its photographs takes their number squared.
  """

  def __missing__(self, folder: Path) -> defaultdict[str, list[str]]:
    self[folder] = names = defaultdict(list)
    try:
      found = sorted(os.listdir(folder))
    except OSError as error:
      raise UserError(f"{folder} cannot be read ({error.strerror}).") from error
    for name in found:
      names[_plain(os.path.splitext(name)[0])].append(name)
    return names

  def add(self, path: Path) -> None:
    """A file that is there now."""
    self[path.parent][_plain(path.stem)].append(path.name)


class Sidecar(NamedTuple):
  """One sidecar of a photograph.

  Attributes:
    path, data: where it is, and its bytes.
    rating: what it says; nothing where it has a fault.
    fault: why it is not understood, or whose it is, is unknown; "" where all is well.
    others: names of the photographs that it may be of as well.
  """

  path: Path
  data: bytes
  rating: Rating
  fault: str = ""
  others: tuple[str, ...] = ()

  @property
  def shares(self) -> str:
    """In words: with which photographs it is shared."""
    return f"shares {self.path.name} with {', '.join(self.others)}"


def of(photo: Path, listings: Listings | None = None) -> list[Sidecar]:
  """The sidecars of a photograph, photo.jpg.xmp before photo.xmp, read.

  Raises:
    UserError: its folder cannot be read.
  """
  names = (Listings() if listings is None else listings)[photo.parent]
  stem, _ = os.path.splitext(photo.name)
  found = dict.fromkeys(_sidecars(names, photo.name) + _sidecars(names, stem))
  sidecars = [_read(photo, photo.with_name(name), names) for name in found]
  return [one for one in sidecars if one is not None]


def new_of(photo: Path, listings: Listings) -> Path:
  """Where a new sidecar goes: photo.jpg.xmp; photo.xmp of a raw file, if it is of no other."""
  short = photo.with_suffix(SUFFIX)
  own = raw.is_raw(photo) and _owners(short.name, photo.name, "", listings[photo.parent])
  return short if own == [photo.name] else photo.with_name(f"{photo.name}{SUFFIX}")


def _sidecars(names: dict[str, list[str]], stem: str) -> list[str]:
  """Sidecars by name; the one of the very letters first."""
  found = [name for name in names.get(_plain(stem), ()) if _suffix(name) == SUFFIX]
  return sorted(found, key=lambda name: name != stem + SUFFIX)


def _plain(name: str) -> str:
  """A name as macOS and Windows compare it."""
  return unicodedata.normalize("NFC", name).casefold()


def _suffix(name: str) -> str:
  return os.path.splitext(name)[1].casefold()


def _read(photo: Path, path: Path, names: dict[str, list[str]]) -> Sidecar | None:
  """The sidecar; None where it is another file's."""
  data, rating, extension, fault = b"", Rating(), "", ""
  try:
    data = _bytes(path)
    root: Any = xmp_packet.parse(data, path.name)
    extension = xmp_packet.extension_of(root)
    rating = xmp_packet.rating_of(root, path.name)
  except UserError as error:
    fault = str(error)
  owners = _owners(path.name, photo.name, extension, names)
  if photo.name not in owners:
    return None
  others = tuple(name for name in owners if name != photo.name)
  sidecar = Sidecar(path, data, rating, fault, others)
  if others and rating.human is not None:
    fault = f"{photo.name} {sidecar.shares}: whose stars they are is unknown."
    return sidecar._replace(rating=Rating(), fault=fault)
  return sidecar


def _owners(sidecar: str, photo: str, extension: str, names: dict[str, list[str]]) -> list[str]:
  """Names of the files that a sidecar may be of, those of the very letters alone if there are."""
  stem, _ = os.path.splitext(sidecar)
  inner, suffix = os.path.splitext(stem)
  named = names.get(_plain(inner), ()) if suffix else ()
  found = [name for name in named if _plain(name) == _plain(stem)]
  if not found:
    beside = [name for name in names.get(_plain(stem), ()) if _suffix(name) != SUFFIX]
    if extension:
      found = [name for name in beside if _suffix(name) == f".{extension.casefold()}"]
    else:
      found = [name for name in beside if raw.is_raw(name)]
      found = found or [name for name in beside if _suffix(name) in SUFFIXES or name == photo]
  return [name for name in found if name.startswith(stem)] or found


def _bytes(path: Path) -> bytes:
  """A sidecar's bytes.

  Raises:
    UserError: it is no regular file, is too large, leads out of its folder, or cannot be read.
  """
  try:
    if path.is_symlink() and not path.resolve().is_relative_to(path.parent.resolve()):
      raise UserError(f"{path.name} is a link that leads out of its folder; it is not followed.")
    return read_regular(path, xmp_packet.MAX_BYTES)
  except (OSError, RuntimeError) as error:  # a RuntimeError: a link that leads in a circle
    raise UserError(f"{path.name} cannot be read ({refusal(error) or error}).") from error
