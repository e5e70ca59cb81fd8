"""Copies of the best photographs in a folder of their own, numbered from the best."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from paiaa_jax.errors import UserError
from paiaa_jax.files import atomic_write, reading


def check_empty(folder: Path) -> None:
  """Refuses, before any work, a place that holds something already."""
  if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
    raise UserError(f"{folder} is there already; name a new or an empty folder to copy to.")


def names(paths: Sequence[Path]) -> list[str]:
  """What the copies are called."""
  digits = max(3, len(str(len(paths))))
  return [f"{place:0{digits}d} {path.name}" for place, path in enumerate(paths, start=1)]


def copy(paths: Sequence[Path], folder: Path) -> None:
  """Copies each photograph as `001 name.jpg`, whole or not at all; originals are only read.

  Raises:
    UserError: a photograph that cannot be read, or a place that cannot be written.
  """
  check_empty(folder)
  for name, path in zip(names(paths), paths, strict=True):
    with (
      atomic_write(folder / name) as draft,
      reading(path, "a photograph"),
    ):
      shutil.copyfile(path, draft)
