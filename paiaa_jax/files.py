"""Files that are there whole or not at all, and folders that belong to one run.

What the system refuses (no such file, no permission, a full disk) is the user's to mend: every
function here raises it as a UserError that names the file.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
import stat
import zipfile
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from paiaa_jax.errors import UserError

if TYPE_CHECKING:
  import numpy as np
  import polars as pl

_BUCKET_WITHIN = re.compile(r"\b(?!https?:)[A-Za-z][\w+.-]*://[^\s,'\")\]]*")
MAX_READ = 2 << 30  # bytes, of a file that is read at once
# Polars and safetensors, Orbax's storage, and ArrayRecord tell a system's error in their own texts.
_IN_TEXT = re.compile(
  r"([^:]+?) (?:\(os error \d+\)|\[os_error_code)|\b(?:open|write|close)\(\) failed: ([^;]+);"
)


def refusal(error: Exception) -> str | None:
  """What the system refused, such as "No space left on device"; None for any other error."""
  if isinstance(error, OSError) and error.strerror:
    return error.strerror
  if found := _IN_TEXT.search(str(error)):
    return (found[1] or found[2]).strip()
  return str(error) if isinstance(error, OSError) else None


def refused_file(error: OSError) -> str | None:
  """The line for a file that the system refuses; None where the error names no file."""
  if error.filename is None:
    return None
  return f"{os.fsdecode(error.filename)}: {error.strerror}."


def expand_home(arguments: list[str]) -> list[str]:
  """A command's arguments, --name=~/x as --name=/home/me/x: a shell expands ~ at a word's start."""
  found = [re.fullmatch(r"(--?[\w.-]+=)(~.*)", each, re.DOTALL) for each in arguments]
  return [
    match[1] + os.path.expanduser(match[2]) if match else each
    for each, match in zip(arguments, found, strict=True)
  ]


def refuse_address(path: str | Path) -> None:
  """Raises UserError for the address of a bucket, such as gs://bucket/runs: here are folders alone.

  As a path it would be a folder `gs:` of the current one.
  """
  if found := re.match(r"([A-Za-z][A-Za-z0-9+.-]+):/+(.*)", str(path)):
    raise UserError(
      f"{found[1]}://{found[2]} is an address, and only folders are read and written: mount the "
      "bucket (gcsfuse, mount-s3, rclone mount), or copy it, and name the folder."
    )


def refuse_addresses(arguments: list[str]) -> None:
  """As refuse_address, of a command's arguments: --name=ADDRESS, or an address within a value.

  Within a value a page of the web is admitted, as words may name one.
  """
  for argument in arguments:
    refuse_address(argument.partition("=")[2] or argument)
    if found := _BUCKET_WITHIN.search(argument):
      refuse_address(found[0])


@contextlib.contextmanager
def writing(path: str | Path) -> Generator[None]:
  """What the system refuses in the block becomes a UserError: `path` cannot be written."""
  refuse_address(path)
  try:
    yield
  except Exception as error:
    if isinstance(error, UserError | BrokenPipeError) or (reason := refusal(error)) is None:
      raise
    raise UserError(f"{path} cannot be written: {reason}.") from error


@contextlib.contextmanager
def atomic_write(path: str | Path) -> Generator[Path]:
  """Yields a draft beside `path`; it takes the name `path` when the block ends without an error.

  The draft is a file or a folder that the block makes. It carries the process id, so that two
  processes do not write one draft, and nothing is left of it where the block fails. A file is on
  the disk before it takes the name, keeps owner and mode of the one it replaces, and stays behind a
  link that `path` may be. The folder of `path` is made where it is missing.

  Raises:
    UserError: the file cannot be written (no permission, full disk), naming it.
  """
  path = Path(path)
  with writing(path):
    if path.is_char_device() or path.is_fifo():  # /dev/null stays what it is
      yield path
      return
    target = path.resolve()
    draft = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
      target.parent.mkdir(parents=True, exist_ok=True)
      yield draft
      if draft.is_file():
        with draft.open("rb+") as file:
          os.fsync(file.fileno())
        if target.is_file():
          _keep_owner(target, draft)
          shutil.copymode(target, draft)
      os.replace(draft, target)
    finally:
      shutil.rmtree(draft, ignore_errors=True)
      with contextlib.suppress(OSError):
        draft.unlink()


def remove_dead_drafts(folder: Path, of: str = ".+") -> None:
  """Removes the drafts of `atomic_write` in a folder whose process was killed.

  of: a regular expression of the names that they were to take.
  """
  with contextlib.suppress(OSError):
    for name in os.listdir(folder):
      found = re.fullmatch(rf"\.(?:{of})\.(\d+)\.partial", name, re.DOTALL)
      if found and os.name == "posix" and not _is_alive(int(found[1])):
        (folder / name).unlink()


def _is_alive(process: int) -> bool:
  try:
    os.kill(process, 0)
  except (ProcessLookupError, OverflowError):
    return False
  except PermissionError:  # it is another user's
    return True
  return True


def _keep_owner(target: Path, draft: Path) -> None:
  former, new = target.stat(), draft.stat()
  if (former.st_uid, former.st_gid) != (new.st_uid, new.st_gid):
    os.chown(draft, former.st_uid, former.st_gid)


def write_text(path: str | Path, text: str) -> None:
  """Writes UTF-8 text through `atomic_write`."""
  with atomic_write(path) as draft:
    draft.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
  """Writes a value as JSON through `atomic_write`."""
  write_text(path, json.dumps(value, indent=1) + "\n")


def write_frame(path: str | Path, frame: pl.DataFrame) -> None:
  """Writes a table through `atomic_write`, as csv where the name ends so, else as parquet."""
  with atomic_write(path) as draft:
    (frame.write_csv if Path(path).suffix == ".csv" else frame.write_parquet)(draft)


def write_arrays(path: str | Path, arrays: np.ndarray | Mapping[str, Any]) -> None:
  """Writes an array as .npy, or several by name as .npz, through `atomic_write`."""
  import numpy as np

  with atomic_write(path) as draft, draft.open("wb") as file:
    if isinstance(arrays, np.ndarray):
      np.save(file, arrays, allow_pickle=False)
    else:
      np.savez(file, allow_pickle=False, **arrays)


@contextlib.contextmanager
def reading(
  path: str | Path, what: str, *broken: type[Exception], make: str = ""
) -> Generator[None]:
  """Errors of reading `path` in the block become a UserError that names it.

  Args:
    path: of the file.
    what: the file should be, such as "JSON".
    broken: what a parser raises for a file that is not.
    make: how the file is made.
  """
  refuse_address(path)
  try:
    yield
  except UserError:
    raise
  except FileNotFoundError as error:
    raise UserError(f"{path} is missing{make and f'; {make}'}.") from error
  except (OSError, *broken) as error:
    reason = refusal(error) or str(error).partition("\n")[0] or type(error).__name__
    raise UserError(f"{path} cannot be read as {what} ({reason}){make and f'; {make}'}.") from error


def read_bytes(path: str | Path) -> bytes:
  """A file's bytes."""
  with reading(path, "a file"):
    return Path(path).read_bytes()


def read_json(path: str | Path, make: str = "") -> Any:
  """A JSON file's value; `make` says how the file is made."""
  with reading(path, "JSON", ValueError, make=make):
    return json.loads(Path(path).read_text(encoding="utf-8"))


def read_parquet(path: str | Path, columns: list[str] | None = None, make: str = "") -> Any:
  """A parquet file, or these columns of it, as a polars frame; `make` as in read_json."""
  import polars as pl

  with reading(path, "a parquet table", pl.exceptions.PolarsError, make=make):
    return pl.read_parquet(path, columns=columns)


def read_arrays(path: str | Path, make: str = "") -> Any:
  """The array of a .npy file, or those of a .npz file by name; `make` as in read_json."""
  import numpy as np

  with reading(path, "numpy arrays", ValueError, EOFError, zipfile.BadZipFile, make=make):
    loaded = np.load(path)
    return dict(loaded) if isinstance(loaded, np.lib.npyio.NpzFile) else loaded


def read_regular(path: str | Path, most: int = MAX_READ) -> bytes:
  """A regular file's bytes; see `open_regular`."""
  with open_regular(path, most) as file:
    return file.read(os.fstat(file.fileno()).st_size)  # and no further, whatever is appended


@contextlib.contextmanager
def open_regular(path: str | Path, most: int = MAX_READ) -> Generator[BinaryIO]:
  """Opens a regular file of at most `most` bytes.

  Anything else (a folder, a pipe, a device, a link to one) is refused: reading it may never end.

  Raises:
    OSError: it is no regular file, is too large, or cannot be opened.
  """
  # before it is opened: opening a device may already act on it
  _check_regular(os.stat(path), path, most)
  with open(path, "rb", opener=_open_at_once) as file:
    _check_regular(os.fstat(file.fileno()), path, most)
    yield file


def _open_at_once(path: str, flags: int) -> int:
  """Opens a file; one that has become a pipe does not wait for a writer."""
  return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # absent on Windows


def _check_regular(status: os.stat_result, path: str | Path, most: int) -> None:
  if stat.S_ISDIR(status.st_mode):
    raise IsADirectoryError(errno.EISDIR, "a folder, not a file", str(path))
  if not stat.S_ISREG(status.st_mode):
    raise OSError(errno.EINVAL, "not a regular file", str(path))
  if status.st_size > most:
    raise OSError(errno.EFBIG, f"larger than {most >> 20} MiB", str(path))
