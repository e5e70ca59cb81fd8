"""Files that are there whole or not at all, and folders that belong to one run."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
from collections.abc import Generator
from pathlib import Path
from typing import Any

from paiaa_jax.errors import UserError

MAX_READ = 2 << 30  # bytes, of a file that is read at once


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


def read_regular(path: str | Path) -> bytes:
  """A regular file's bytes, at most MAX_READ.

  Anything else (a folder, a pipe, a device, a link to one) is refused: reading it may never end.

  Raises:
    OSError: it is no regular file, is too large, or cannot be opened.
  """
  _check_regular(os.stat(path), path)  # before it is opened: opening a device may already act on it
  with open(path, "rb", opener=_open_at_once) as file:
    status = os.fstat(file.fileno())
    _check_regular(status, path)
    return file.read(status.st_size)  # and no further, whatever is appended meanwhile


def _open_at_once(path: str, flags: int) -> int:
  """Opens a file; one that has become a pipe does not wait for a writer."""
  return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # absent on Windows


def _check_regular(status: os.stat_result, path: str | Path) -> None:
  if stat.S_ISDIR(status.st_mode):
    raise IsADirectoryError(errno.EISDIR, "a folder, not a file", str(path))
  if not stat.S_ISREG(status.st_mode):
    raise OSError(errno.EINVAL, "not a regular file", str(path))
  if status.st_size > MAX_READ:
    raise OSError(errno.EFBIG, f"larger than {MAX_READ >> 30} GiB", str(path))
