"""The label files that a loader reads, noted: a prepared folder tells what it was made from."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from contextvars import ContextVar
from pathlib import Path

from paiaa_jax import files

_noted: ContextVar[list[Path] | None] = ContextVar("noted", default=None)


@contextlib.contextmanager
def noting() -> Generator[list[Path]]:
  """Yields the list of files that are read in the block, each once, in order."""
  paths: list[Path] = []
  token = _noted.set(paths)
  try:
    yield paths
  finally:
    _noted.reset(token)


def note(path: Path) -> Path:
  """Notes a file that is read by other means than `read_bytes`, and returns its path."""
  paths = _noted.get()
  if paths is not None and path not in paths:
    paths.append(path)
  return path


def read_bytes(path: Path) -> bytes:
  """A label file's bytes."""
  with files.reading(note(path), "a file"):
    return files.read_regular(path)
