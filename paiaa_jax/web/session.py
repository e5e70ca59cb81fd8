"""One user's actions in one SQLite file: appended, and on the disk before they are answered.

Photographs are known by the digest of their content, so a session outlives moves and restarts. An
action is never changed: to undo one is another action, and what is true now follows from the whole
log. Several threads, and several processes, may write to one file.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import NamedTuple

from paiaa_jax.errors import UserError
from paiaa_jax.files import open_regular, refuse_address
from paiaa_jax.personalization.profile import Profile
from paiaa_jax.photos import profile_file
from paiaa_jax.photos.files import DIGEST_BYTES
from paiaa_jax.web.marks import Action, Marks

FORMAT, APPLICATION = 1, 0x70616961  # of SQLite's header: user_version, application_id
LOG = 1 << 22  # bytes of SQLite's log, which it begins anew at 1,000 pages
PATIENCE = 10.0  # seconds that one process waits for another's write
_SCHEMA = """
create table if not exists session (seed integer not null);
create table if not exists start (profile blob not null);
create table if not exists actions (
  id integer primary key autoincrement, key text not null unique, kind text not null,
  photographs blob not null, value integer, pick integer, shown text not null, undoes integer,
  at real not null);
create table if not exists photographs (
  digest blob primary key, path text not null, size integer not null, mtime_ns integer not null
) without rowid;
"""
_COLUMNS = "key, kind, photographs, value, pick, shown, undoes"


_NONE = "is no session of `paiaa rate`, or one of another version."
_SQLITE = b"SQLite format 3\0"


def is_database(path: Path) -> bool:
  """Whether the file is SQLite's, as no table of ratings is."""
  with contextlib.suppress(OSError), open_regular(path) as file:
    return file.read(len(_SQLITE)) == _SQLITE
  return False


class Seen(NamedTuple):
  """A photograph's file when it was rated: path as text, bytes, and its time in ns."""

  path: str
  size: int
  mtime_ns: int


class SameKey(ValueError):
  """A key that stands for another action already."""


class Session:
  """The log of one file, and what is true by it now (`marks`)."""

  def __init__(self, path: str | Path):
    """Opens or makes the file.

    Raises:
      UserError: it is no session, or cannot be opened or written; so do all methods.
    """
    refuse_address(path)
    self.path = Path(path)
    self._lock = threading.RLock()
    self._marks = Marks()
    if self.path.is_dir():
      raise UserError(f"{self.path} is a folder; a session is a file.")
    if self.path.exists() and self.path.stat().st_size and not is_database(self.path):
      raise UserError(f"{self.path} {_NONE}")  # SQLite would write over a short file
    with self._told():
      self.path.parent.mkdir(parents=True, exist_ok=True)
      self._base = sqlite3.connect(
        self.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
      )
      self._check_kind()
      self._base.execute("pragma journal_mode = wal")
      self._base.execute("pragma synchronous = full")  # a commit returns once the disk has it
      with self._writing():
        for statement in _SCHEMA.split(";"):
          self._base.execute(statement)
        self._base.execute(f"pragma user_version = {FORMAT}")
        self._base.execute(f"pragma application_id = {APPLICATION}")
        if self._base.execute("select count(*) from session").fetchone()[0] == 0:
          self._base.execute("insert into session values (?)", (secrets.randbits(62),))
      self._lengthen_log()
    self.seed = int(self._base.execute("select seed from session").fetchone()[0])
    self.catch_up()

  def _check_kind(self) -> None:
    kind, form = (
      self._base.execute(f"pragma {name}").fetchone()[0]
      for name in ("application_id", "user_version")
    )
    tables = self._base.execute("select count(*) from sqlite_master").fetchone()[0]
    if (kind, form) != (APPLICATION, FORMAT) and tables:
      raise UserError(f"{self.path} {_NONE}")

  def _lengthen_log(self) -> None:
    """Zeros up to the log's full length: a commit then waits for its own pages alone.

    A file that grows with every commit has the file system write its journal each time. SQLite
    reads a log up to its first frame without a valid checksum (its file format, section 4.3).
    """
    with contextlib.suppress(OSError), open(f"{self.path}-wal", "ab") as log:
      log.write(bytes(max(0, LOG - log.tell())))
      log.flush()
      os.fsync(log.fileno())

  @contextlib.contextmanager
  def _told(self) -> Generator[None]:
    try:
      yield
    except (sqlite3.Error, OSError) as error:
      raise UserError(f"the session {self.path} cannot be used ({error}).") from error

  @contextlib.contextmanager
  def _writing(self) -> Generator[None]:
    """One transaction: all of the block is on the disk when it ends, or nothing of it."""
    self._base.execute("begin immediate")
    try:
      yield
      self._base.execute("commit")
    except BaseException:
      if self._base.in_transaction:  # a full disk may have ended it already
        self._base.execute("rollback")
      raise

  @property
  def revision(self) -> int:
    """Grows with every stored action."""
    return self._marks.revision

  def marks(self) -> Marks:
    """What is true now; the caller's own copy."""
    with self._lock:
      return self._marks.copy()

  def catch_up(self) -> bool:
    """Reads what other processes have appended; whether there was anything."""
    with self._lock, self._told():
      return self._read_on()

  def _read_on(self) -> bool:
    query = f"select id, {_COLUMNS} from actions where id > ? order by id"
    rows = self._base.execute(query, (self._marks.revision,)).fetchall()
    for number, key, kind, photographs, value, pick, shown, undoes in rows:
      action = Action(key, kind, _split(photographs), value, _truth(pick), shown, undoes)
      self._marks.add(number, action)
    return bool(rows)

  def append(self, action: Action, seen: dict[bytes, Seen] | None = None) -> Action:
    """Stores an action; returns it once the disk has it. A key stored before is stored once.

    Args:
      action: `undoes` of one that undoes is filled in here: the last that stands.
      seen: files of its photographs.

    Raises:
      SameKey: the key was another action's.
    """
    with self._lock, self._told():
      self._read_on()
      if former := self._marks.by_key(action.key):
        return _same(former, action)
      with self._writing():
        self._read_on()  # nobody else writes from here on
        if former := self._marks.by_key(action.key):
          return _same(former, action)
        if action.kind == "undo":
          action = action._replace(undoes=self._marks.last_standing())
        self._insert(action, seen or {})
      self._read_on()
      return action

  def _insert(self, action: Action, seen: dict[bytes, Seen]) -> None:
    pick = None if action.pick is None else int(action.pick)
    self._base.execute(
      f"insert into actions ({_COLUMNS}, at) values (?, ?, ?, ?, ?, ?, ?, ?)",
      (
        *(action.key, action.kind, b"".join(action.photographs), action.value, pick),
        *(action.shown, action.undoes, time.time()),
      ),
    )
    self._keep(seen)

  def files(self) -> dict[bytes, Seen]:
    """Where each photograph was when it was last rated."""
    with self._lock, self._told():
      rows = self._base.execute("select digest, path, size, mtime_ns from photographs")
      return {digest: Seen(*rest) for digest, *rest in rows}

  @property
  def start(self) -> Profile | None:
    """The profile that is learnt on from; UserError for one that is broken."""
    with self._lock, self._told():
      found = self._base.execute("select profile from start").fetchone()
    return profile_file.parse(found[0]) if found else None

  def start_from(self, profile: bytes) -> None:
    """Keeps a profile's file, which is learnt on from, in the place of a former one."""
    with self._lock, self._told(), self._writing():
      self._base.execute("delete from start")
      self._base.execute("insert into start values (?)", (profile,))

  def remember(self, seen: dict[bytes, Seen]) -> None:
    """Photographs that were found at other places."""
    with self._lock, self._told(), self._writing():
      self._keep(seen)

  def _keep(self, seen: dict[bytes, Seen]) -> None:
    self._base.executemany(
      "insert or replace into photographs values (?, ?, ?, ?)",
      [(digest, *file) for digest, file in seen.items()],
    )

  def copy_to(self, path: Path) -> None:
    """Writes the session as one file that may be kept or sent."""
    with self._lock, self._told(), contextlib.closing(sqlite3.connect(path)) as copy:
      self._base.backup(copy)
      copy.execute("pragma journal_mode = delete")  # else two more files belong to it

  def close(self) -> None:
    """Nothing can be stored any more."""
    with self._lock:
      self._base.close()


def _same(former: Action, action: Action) -> Action:
  if former._replace(undoes=None, shown="") != action._replace(undoes=None, shown=""):
    raise SameKey("this key was given to another action")
  return former


def _split(photographs: bytes) -> tuple[bytes, ...]:
  return tuple(
    photographs[start : start + DIGEST_BYTES] for start in range(0, len(photographs), DIGEST_BYTES)
  )


def _truth(value: int | None) -> bool | None:
  return None if value is None else bool(value)
