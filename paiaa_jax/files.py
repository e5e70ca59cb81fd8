"""Files that are there whole or not at all, and folders that belong to one run."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

from paiaa_jax.errors import UserError


@contextlib.contextmanager
def atomic_write(path: str | Path) -> Generator[Path]:
  """Yields a draft beside `path`; it takes the name `path` when the block ends without an error.

  The draft carries the process id, so that two processes do not write one draft. Its folder is made
  where it is missing. Nothing is left of a draft whose block failed.

  Raises:
    UserError: the file cannot be written (no permission, full disk), naming it.
  """
  path = Path(path)
  draft = path.with_name(f".{path.name}.{os.getpid()}.partial")
  try:
    path.parent.mkdir(parents=True, exist_ok=True)
    yield draft
    os.replace(draft, path)
  except OSError as error:
    raise UserError(f"{path} cannot be written: {error.strerror or error}.") from error
  finally:
    draft.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
  """Writes UTF-8 text through `atomic_write`."""
  with atomic_write(path) as draft:
    draft.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any, *, indent: int = 1) -> None:
  """Writes a value as JSON through `atomic_write`."""
  write_text(path, json.dumps(value, indent=indent) + "\n")


def read_json(path: str | Path, missing: str = "") -> Any:
  """A JSON file's value.

  Args:
    path: of the file.
    missing: how to make the file, said where there is none.

  Raises:
    UserError: there is no such file, or it is not JSON.
  """
  path = Path(path)
  try:
    return json.loads(path.read_text(encoding="utf-8"))
  except FileNotFoundError:
    raise UserError(f"{path} is missing{missing and f'; {missing}'}.") from None
  except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
    raise UserError(f"{path} cannot be read as JSON ({error}).") from error
