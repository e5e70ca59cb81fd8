"""Where things lie in a distributor's folder, whose layout differs from copy to copy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from paiaa_jax.errors import UserError


def find_file(folder: Path, names: Sequence[str]) -> Path | None:
  """The first of these relative paths that is a file, or None."""
  return next((folder / name for name in names if (folder / name).is_file()), None)


def need_file(folder: Path, names: Sequence[str]) -> Path:
  """As `find_file`; UserError, naming what was looked for, where there is none."""
  found = find_file(folder, names)
  if found is None:
    raise UserError(f"{folder} holds none of: {', '.join(names)}")
  return found


def image_root(folder: Path, names: Sequence[str]) -> Path:
  """The first of these subfolders that exists, else the folder itself."""
  return next((folder / name for name in names if (folder / name).is_dir()), folder)
