"""Thumbnails on the disk, by the digest of the photograph's content and their size."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

MOST = 1 << 30  # bytes of all thumbnails, above which the oldest are removed at the start
_END = b"\xff\xd9"  # of a JPEG


class Thumbnails:
  """A folder that may be removed at any time."""

  def __init__(self, folder: Path):
    self._folder = folder

  def get(self, digest: bytes, side: int, make: Callable[[], bytes]) -> bytes:
    """The thumbnail of that size, by `make` where there is none yet."""
    name = digest.hex()
    place = self._folder / name[:2] / f"{name}-{side}.jpg"
    with contextlib.suppress(OSError):
      data = place.read_bytes()
      if data.endswith(_END):  # else a power cut left half of it
        return data
    data = make()
    with contextlib.suppress(OSError):  # a full disk costs the time to make it again
      place.parent.mkdir(parents=True, exist_ok=True)
      draft = place.with_name(f".{place.name}.{os.getpid()}.{threading.get_native_id()}.partial")
      draft.write_bytes(data)
      os.replace(draft, place)
    return data

  def trim(self) -> None:
    """Removes the oldest where all together are too large."""
    found = []
    for path in self._folder.glob("*/*"):
      with contextlib.suppress(OSError):
        status = path.stat()
        found.append((status.st_mtime, status.st_size, path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found, key=lambda each: each[0]):
      if total <= MOST:
        return
      with contextlib.suppress(OSError):
        path.unlink()
        total -= size
