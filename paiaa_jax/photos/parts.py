"""A source of very many photographs, in parts that are read, scored and written one by one.

WebDataset's tar shards, Parquet files with encoded images, lists of paths, and folders, on a disk
or in an object store (file, s3, gs, hdfs: what pyarrow opens).
"""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, Literal, NamedTuple, TypeVar

from paiaa_jax.data.images import SUFFIXES
from paiaa_jax.errors import UserError
from paiaa_jax.photos.files import reason

T = TypeVar("T")
A_PART = 10_000  # files of a folder or a list in a part of their own
MAX_BYTES = 1 << 28  # of one encoded photograph; a larger one is a row with an error
IMAGES = ("image", "bytes", "image_bytes", "content", "jpg", "jpeg", "png", "webp")
NAMES = ("path", "key", "__key__", "url", "file_name", "filename", "id")
ARCHIVES = (".tar", ".tar.gz", ".tgz")


class Part(NamedTuple):
  """Where some of the photographs stand.

  Attributes:
    name: of what is written for it, without a suffix; no two parts have the same.
    kind: how it is read.
    locations: a shard's one path or URL, or those of the photographs themselves.
  """

  name: str
  kind: Literal["tar", "parquet", "files"]
  locations: tuple[str, ...]


class File(NamedTuple):
  """One photograph of a part.

  Attributes:
    path: its name in the part.
    key: WebDataset's key, the path up to the first dot of its name; joins with other columns.
    data: as it is encoded; None after an error.
    error: why it could not be read; empty otherwise.
  """

  path: str
  key: str
  data: bytes | None
  error: str = ""


def find(source: str) -> list[Part]:
  """The parts of a shard, of a list (.txt, a path or URL a line), or of a folder and its folders.

  Raises:
    UserError: no such place, or nothing in it that can be read.
  """
  found = _listed(source) if source.endswith(".txt") else _found(source)
  shards = [name for name in found if name.lower().endswith((*ARCHIVES, ".parquet"))]
  photographs = [name for name in found if name.lower().endswith(SUFFIXES)]
  parts = [Part(_name_of(name), _kind(name), (name,)) for name in shards]
  for number, some in enumerate(_together(photographs, A_PART)):
    parts.append(Part(f"files-{number:06d}", "files", some))
  if not parts:
    raise UserError(f"{source} holds no tar shard, no Parquet file and no photograph.")
  names = [part.name for part in parts]
  if doubled := {name for name in names if names.count(name) > 1}:
    raise UserError(f"two parts would be written as {min(doubled)}; rename one of them.")
  return parts


def blocks(part: Part, size: int) -> Iterator[list[File]]:
  """The photographs of a part in order, `size` at a time; what cannot be read is a File too."""
  for block in _together(read(part), size):
    yield list(block)


def read(part: Part) -> Iterator[File]:
  """The photographs of a part, in order. A shard that is cut off ends with a File that says so."""
  if part.kind == "files":
    yield from (_read_file(name) for name in part.locations)
    return
  (location,) = part.locations
  reader = _read_tar if part.kind == "tar" else _read_parquet
  try:
    yield from reader(location)
  except (tarfile.TarError, EOFError, zlib.error, OSError, ValueError) as error:
    yield File("", "", None, f"{location} cannot be read to its end ({_reason(error)}).")


def _read_tar(location: str) -> Iterator[File]:
  files, path = filesystem(location)
  with files.open_input_stream(path) as stream, tarfile.open(fileobj=stream, mode="r|*") as archive:
    for member in archive:
      if not member.isfile() or not member.name.lower().endswith(SUFFIXES):
        continue
      if member.size > MAX_BYTES:
        yield File(member.name, _key(member.name), None, f"has {member.size} bytes; too many.")
        continue
      content = archive.extractfile(member)
      yield File(member.name, _key(member.name), content.read() if content else b"")


def _read_parquet(location: str) -> Iterator[File]:
  import pyarrow.parquet as pq

  files, path = filesystem(location)
  with files.open_input_file(path) as stream, pq.ParquetFile(stream) as table:
    names = table.schema_arrow.names
    image = next((name for name in IMAGES if name in names), None)
    if image is None:
      raise ValueError(f"none of its columns is called {', '.join(IMAGES)}")
    own = next((name for name in NAMES if name in names), None)
    row = 0
    for some in table.iter_batches(64, columns=[image, *([own] if own else [])]):
      told = some[own].to_pylist() if own else [None] * len(some)
      for value, name in zip(some[image].to_pylist(), told, strict=True):
        yield _from_cell(value, name, row)
        row += 1


def _from_cell(value: Any, name: Any, row: int) -> File:
  """A cell of encoded bytes, or Hugging Face's {"bytes", "path"}."""
  inside = None
  if isinstance(value, dict):
    value, inside = value.get("bytes"), value.get("path")
  told = str(name if name is not None else inside if inside is not None else row)
  if not isinstance(value, bytes):
    return File(told, _key(told), None, "the cell holds no encoded image.")
  return File(told, _key(told), value)


def _read_file(location: str) -> File:
  try:
    files, path = filesystem(location)
    with files.open_input_stream(path) as stream:
      data = stream.read(MAX_BYTES + 1)
  except (OSError, UserError) as error:
    return File(location, _key(location), None, f"cannot be read ({_reason(error)}).")
  if len(data) > MAX_BYTES:
    return File(location, _key(location), None, f"has more than {MAX_BYTES} bytes; too many.")
  return File(location, _key(location), data)


def _listed(source: str) -> list[str]:
  data = _read_file(source)
  if data.data is None:
    raise UserError(f"{source} {data.error}")
  return [line.strip() for line in data.data.decode().splitlines() if line.strip()]


def _found(source: str) -> list[str]:
  from pyarrow import fs

  files, path = filesystem(source)
  info = files.get_file_info(path)
  if info.type == fs.FileType.NotFound:
    raise UserError(f"{source}: no such file or folder.")
  if info.type == fs.FileType.File:
    return [source]
  inside = files.get_file_info(fs.FileSelector(path, recursive=True))
  scheme = f"{source.partition('://')[0]}://" if "://" in source else ""
  names = sorted(one.path for one in inside if one.type == fs.FileType.File)
  return [scheme + name for name in names if not PurePosixPath(name).name.startswith(".")]


def filesystem(location: str) -> tuple[Any, str]:
  """pyarrow's file system of a path or URL, and the path in it."""
  from pyarrow import fs

  try:
    found, path = fs.FileSystem.from_uri(
      location if "://" in location else str(Path(location).absolute())
    )
  except ValueError as error:
    raise UserError(f"{location}: {_reason(error)}.") from error
  return found, path


def _together(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
  items = iter(items)
  while some := tuple(islice(items, size)):
    yield some


def _kind(name: str) -> Literal["tar", "parquet"]:
  return "parquet" if name.lower().endswith(".parquet") else "tar"


def _name_of(location: str) -> str:
  return PurePosixPath(location).name.partition(".")[0]


def _key(path: str) -> str:
  folder, slash, name = path.rpartition("/")
  return folder + slash + (name[:1] + name[1:].partition(".")[0])


def _reason(error: Exception) -> str:
  """Within a sentence of ours."""
  return reason(error).rstrip(".")
