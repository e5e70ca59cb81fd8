"""What a model said of every photograph it ever saw, kept by content: one SQLite file.

Distributions and auxiliary outputs lie packed in blocks of many rows, so that a million
photographs are read in a few large pieces; so do coordinates, which are passed over where nobody
asks for them. A row's key is the file's content; a block's is the model and its preprocessing, so
neither a renamed file nor a new model is ever mistaken.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from paiaa_jax.errors import UserError
from paiaa_jax.files import refuse_address
from paiaa_jax.photos.files import DIGEST_BYTES
from paiaa_jax.photos.names import path_of

KEY = np.dtype([("digest", "<u8", (2,)), ("look", "<u8"), ("taken", "<f8")])
BLOCK_ROWS = 65_536  # where blocks stop growing: 6 MB at 15 outputs, 34 MB more of coordinates
MERGE_BLOCKS = 64  # small blocks that are joined into one
PATHS_A_QUERY = 512
PATIENCE = 60.0  # seconds that one process waits for another's write
_REMEDY = "name a file with --cache or $PAIAA_CACHE"
_SCHEMA = """
create table if not exists blocks (
  id integer primary key, model text not null, rows integer not null,
  keys blob not null, vectors blob not null, coordinates blob not null default x'');
create index if not exists blocks_of_model on blocks (model);
create table if not exists files (
  path text primary key, size integer not null, mtime_ns integer not null,
  digest blob not null) without rowid;
"""
# the last column: what stands before it is read without it; files made before have none
_RENEW = "alter table blocks add column coordinates blob not null default x''"


_FAULTS = {
  sqlite3.SQLITE_BUSY: f"is locked by another process; wait for that, or {_REMEDY}",
  sqlite3.SQLITE_FULL: f"has no room left on its disk; make some, or {_REMEDY}",
  sqlite3.SQLITE_CORRUPT: f"is damaged; delete or rename it, or {_REMEDY}",
  sqlite3.SQLITE_NOTADB: f"is no cache of ours; delete or rename it, or {_REMEDY}",
}


class Rows(NamedTuple):
  """Cached photographs: keys [n] of KEY, vectors [n, b + k] float32, coordinates [n, m] float16."""

  keys: np.ndarray
  vectors: np.ndarray
  coordinates: np.ndarray


def default_path() -> Path:
  """$PAIAA_CACHE, or scores.sqlite in the user's cache folder; UserError for a user without."""
  if given := os.environ.get("PAIAA_CACHE"):
    refuse_address(given)
    return Path(given).expanduser()
  try:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
  except RuntimeError as error:
    raise UserError(f"nobody's home, so no place for a cache; {_REMEDY}.") from error
  return Path(base) / "paiaa" / "scores.sqlite"


class Cache:
  """The rows of one model in a cache file; use it as a context manager.

  Several processes may write at once; a photograph that two of them add is simply there twice.
  """

  def __init__(self, path: str | Path, model: str, width: int, num_coordinates: int = 0):
    """Opens or creates the file.

    Args:
      path: of the SQLite file; ":memory:" keeps nothing.
      model: the model's id with its preprocessing and what else its rows depend on.
      width: b + k, outputs of a photograph.
      num_coordinates: m.

    Raises:
      UserError: a file that is no cache, cannot be opened, or stays locked; so do all methods.
    """
    self.model, self.width, self.num_coordinates = model, width, num_coordinates
    self._path = path if str(path) == ":memory:" else _place(Path(path).expanduser())
    with self._told():
      self._base = sqlite3.connect(self._path, timeout=PATIENCE, isolation_level=None)
      self._base.execute("pragma page_size = 65536")
      _write_ahead(self._base)
      self._base.execute("pragma synchronous = normal")
      self._base.executescript(_SCHEMA)
      self._renew()

  @contextlib.contextmanager
  def _told(self) -> Generator[None]:
    """Turns SQLite's errors into UserErrors that name the file and the remedy."""
    try:
      yield
    except sqlite3.Error as error:
      kind = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte, whatever the details
      what = _FAULTS.get(kind, f"cannot be used ({error}); {_REMEDY}")
      raise UserError(f"the cache {self._path} {what}.") from error

  def __enter__(self) -> Cache:
    return self

  def __exit__(self, *_) -> None:
    self._base.close()

  def _renew(self) -> None:
    """Gives a file made before coordinates were kept their column."""
    if self._has_coordinates():
      return
    with self._base:
      self._base.execute("begin immediate")
      if not self._has_coordinates():  # another process may have been first
        self._base.execute(_RENEW)

  def _has_coordinates(self) -> bool:
    columns = self._base.execute("pragma table_info(blocks)")
    return any(column[1] == "coordinates" for column in columns)

  def rows(self, coordinates: bool = True) -> Rows:
    """Everything the model said so far, in the order it was added.

    Args:
      coordinates: whether they are read; else Rows.coordinates is [n, 0].
    """
    width = self.num_coordinates if coordinates else 0
    with self._told(), self._base:
      self._base.execute("begin")  # one view of the file, whatever others write meanwhile
      query = "select sum(length(keys)) from blocks where model = ?"
      total = (self._base.execute(query, (self.model,)).fetchone()[0] or 0) // KEY.itemsize
      rows = Rows(
        np.empty(total, KEY),
        np.empty((total, self.width), np.float32),
        np.empty((total, width), np.float16),
      )
      columns = "rows, keys, vectors, coordinates" if width else "rows, keys, vectors, x''"
      query = f"select {columns} from blocks where model = ? order by id"
      end = 0
      for count, *blobs in self._base.execute(query, (self.model,)):
        parts = self._arrays(*blobs, width)
        start, end = end, end + len(parts.keys)
        if count != len(parts.keys) or end > total:
          raise self._damaged()
        for column, part in zip(rows, parts, strict=True):
          column[start:end] = part
    return rows

  def _arrays(self, keys: bytes, vectors: bytes, coordinates: bytes, width: int) -> Rows:
    """The columns of a block, or of several in a row; width: of the coordinates."""
    try:
      known = np.frombuffer(keys, KEY)
      return Rows(
        known,
        np.frombuffer(vectors, "<f4").reshape(len(known), self.width),
        np.frombuffer(coordinates, "<f2").reshape(len(known), width),
      )
    except (ValueError, TypeError) as error:  # of another length, or no bytes at all
      raise self._damaged() from error

  def _damaged(self) -> UserError:
    return UserError(f"the cache {self._path} {_FAULTS[sqlite3.SQLITE_CORRUPT]}.")

  def add(self, rows: Rows) -> None:
    """Appends rows, all or none of them; they survive a kill once this returns."""
    if len(rows.keys):
      with self._told(), self._base:
        self._base.execute("begin immediate")
        self._insert(rows)
        self._merge_small_blocks()

  def _insert(self, rows: Rows) -> None:
    vectors = np.ascontiguousarray(rows.vectors, "<f4")
    coordinates = np.ascontiguousarray(rows.coordinates, "<f2")
    blobs = (rows.keys.tobytes(), vectors.tobytes(), coordinates.tobytes())
    columns = "model, rows, keys, vectors, coordinates"
    statement = f"insert into blocks ({columns}) values (?, ?, ?, ?, ?)"
    self._base.execute(statement, (self.model, len(rows.keys), *blobs))

  def _merge_small_blocks(self) -> None:
    columns = "id, keys, vectors, coordinates"
    query = f"select {columns} from blocks where model = ? and rows < ? order by id"
    count = "select count(*) from blocks where model = ? and rows < ?"
    small = (self.model, BLOCK_ROWS)
    if self._base.execute(count, small).fetchone()[0] < MERGE_BLOCKS:
      return
    ids, *blobs = zip(*self._base.execute(query, small), strict=True)
    self._base.executemany("delete from blocks where id = ?", [(i,) for i in ids])
    self._insert(self._arrays(*map(b"".join, blobs), self.num_coordinates))

  def digests_of(self, files: Sequence[tuple[str, int, int]]) -> list[bytes | None]:
    """What each file, (path, size, mtime in ns), held when it was last read.

    None where it never was, or where size or time has changed since.
    """
    found: dict[tuple[str, int, int], bytes] = {}
    with self._told():
      for start in range(0, len(files), PATHS_A_QUERY):
        paths = [file[0] for file in files[start : start + PATHS_A_QUERY]]
        marks = ",".join("?" * len(paths))
        query = f"select path, size, mtime_ns, digest from files where path in ({marks})"
        for path, size, mtime_ns, digest in self._base.execute(query, paths):
          if not isinstance(digest, bytes) or len(digest) != DIGEST_BYTES:
            raise self._damaged()
          found[path, size, mtime_ns] = digest
    return [found.get(file) for file in files]

  def paths_of(self, digests: Sequence[bytes]) -> dict[bytes, Path]:
    """A file that had each content when it was last read, where there is one."""
    wanted = set(digests)
    with self._told():
      rows = self._base.execute("select digest, path from files")
      return {digest: path_of(path) for digest, path in rows if digest in wanted}

  def remember_files(self, files: Iterable[tuple[str, int, int, bytes]]) -> None:
    """Keeps (path, size, mtime in ns, digest) of files read."""
    with self._told(), self._base:
      self._base.execute("begin immediate")
      self._base.executemany("insert or replace into files values (?, ?, ?, ?)", files)


def _place(path: Path) -> Path:
  """The path, its folder made; UserError where no file can be."""
  refuse_address(path)
  if path.is_dir():
    raise UserError(f"the cache {path} is a folder; {_REMEDY}, as {path / 'scores.sqlite'}.")
  try:
    path.parent.mkdir(parents=True, exist_ok=True)
  except OSError as error:
    raise UserError(f"no cache at {path} ({error.strerror}); {_REMEDY}.") from error
  return path


def _write_ahead(base: sqlite3.Connection) -> None:
  """Readers beside a writer. SQLite's own wait does not cover the switch, which locks the file."""
  deadline = time.monotonic() + PATIENCE
  while True:
    try:
      base.execute("pragma journal_mode = wal")
      return
    except sqlite3.OperationalError as error:
      if not _is_busy(error) or time.monotonic() > deadline:
        raise
    time.sleep(0.01)


def _is_busy(error: sqlite3.OperationalError) -> bool:
  return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY  # the low byte, whatever the kind


class Index:
  """Finds rows by content: n digests are sorted once, then looked up many at a time."""

  def __init__(self, keys: np.ndarray):
    """keys: [n] of KEY."""
    self._order = np.argsort(keys["digest"][:, 0], kind="stable")
    self._digests = keys["digest"][self._order]

  def find(self, digests: Sequence[bytes]) -> np.ndarray:
    """Row of each digest [m], -1 where there is none."""
    wanted = split_digests(digests)
    if not len(self._digests):
      return np.full(len(wanted), -1)
    place = np.searchsorted(self._digests[:, 0], wanted[:, 0])
    place = np.minimum(place, len(self._digests) - 1)
    same = (self._digests[place] == wanted).all(axis=1)
    return np.where(same, self._order[place], -1)


def split_digests(digests: Sequence[bytes]) -> np.ndarray:
  """m digests of 16 bytes -> [m, 2] uint64."""
  return np.frombuffer(b"".join(digests), "<u8").reshape(len(digests), DIGEST_BYTES // 8)
