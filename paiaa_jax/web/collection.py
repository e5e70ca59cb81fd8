"""A folder's photographs by number, held in memory while the page is open and scored meanwhile.

A photograph's number is its place in the folder as it was found; it stays for the whole run.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from paiaa_jax.errors import UserError
from paiaa_jax.models import vector
from paiaa_jax.personalization.profile import Profile
from paiaa_jax.photos import files, score
from paiaa_jax.photos.cache import KEY, default_path
from paiaa_jax.photos.library import Library, Scored
from paiaa_jax.photos.names import printable
from paiaa_jax.photos.personal import check_model
from paiaa_jax.photos.score import Photo
from paiaa_jax.web.session import Seen

CHUNK = 1024  # photographs scored between two looks at what was rated meanwhile
CHUNKS = 16  # at most about so many, as each reads the cache
NICE = 10  # scoring gives way to whoever looks at the page
OUTSIDE = "a link that leads outside of the folder; it is not shown"


class Collection:
  """n photographs.

  Attributes:
    root: the folder.
    paths: [n].
    names, folders: [n] as text, folders from the root, "" for the root itself.
    keys, vectors, coordinates: [n] as in Scored, valid where `scored` [n].
    errors: [n], "" where there is none.
    sizes: [n, 2] width and height in pixels, upright; 0 where not known yet.
    start: a profile that is learnt on from, None where there is none.
  """

  def __init__(self, library: Library, start: Profile | None = None):
    """Finds the photographs; nothing is scored yet.

    Args:
      library: of one folder.
      start: see above.

    Raises:
      UserError: no such folder, or a start under another model.
    """
    (self.root,) = library.paths
    if not self.root.is_dir():
      raise UserError(f"{self.root} is no folder.")
    self._library, self.model = library, library.model
    self.start = start and check_model(start, library.model)
    self._real_root = os.path.realpath(self.root)
    self.paths = list(files.find_photos([self.root], library.recursive))
    n = len(self.paths)
    self.names = [printable(path.name) for path in self.paths]
    self.folders = [_folder(path, self.root) for path in self.paths]
    self.errors = ["" if self.is_inside(path) else OUTSIDE for path in self.paths]
    self.scored = np.zeros(n, bool)
    self.keys: np.ndarray = np.zeros(n, KEY)
    self.vectors = np.zeros((n, len(vector.columns(self.model))), np.float32)
    self.coordinates = np.zeros((n, self.model.num_coordinates), np.float16)
    self.sizes = np.zeros((n, 2), int)
    self._lock = threading.Lock()
    self._digests: list[bytes | None] = [None] * n
    self._numbers: dict[bytes, list[int]] = {}

  def __len__(self) -> int:
    return len(self.paths)

  @property
  def is_scored(self) -> bool:
    """Whether every photograph is scored, or has an error."""
    return all(done or error for done, error in zip(self.scored, self.errors, strict=True))

  def is_inside(self, path: Path) -> bool:
    """Whether the file itself, behind every link, lies in the folder."""
    real = os.path.realpath(path)
    return os.path.commonpath([real, self._real_root]) == self._real_root

  def read(self, number: int) -> bytes:
    """A photograph's bytes; UserError for one that cannot be had or lies outside."""
    path = self.paths[number]
    if not self.is_inside(path):
      raise UserError(f"{self.names[number]}: {OUTSIDE}.")
    return files.read_bytes(path)

  def digest(self, number: int, data: bytes | None = None) -> bytes:
    """Of a photograph's content, which is read where that is not known yet; or of `data`."""
    known = self._digests[number]
    if known is None:
      known = files.digest_of(self.read(number) if data is None else data)
      self._know(number, known)
    return known

  def known_digest(self, number: int) -> bytes | None:
    """The digest, where it is known without reading the file."""
    return self._digests[number]

  def numbers(self, digest: bytes) -> list[int]:
    """The photographs of this content; as a rule one, or none."""
    return self._numbers.get(digest, [])

  def scored_number(self, digest: bytes) -> int | None:
    """The first photograph of this content that is scored; None where none is."""
    return next((number for number in self.numbers(digest) if self.scored[number]), None)

  def _know(self, number: int, digest: bytes) -> None:
    with self._lock:
      if self._digests[number] is None:
        self._digests[number] = digest
        self._numbers.setdefault(digest, []).append(number)

  def seen(self, number: int) -> Seen:
    """What tells the file of a photograph."""
    path = self.paths[number].absolute()
    status = os.stat(path)
    return Seen(printable(path), status.st_size, status.st_mtime_ns)

  def recognise(self, known: dict[bytes, Seen]) -> None:
    """Digests by the file alone, as a session or the cache remembers them."""
    digest_of = {seen: digest for digest, seen in known.items()}
    stats = {}
    for number, error in enumerate(self.errors):
      if not error:
        try:
          stats[number] = self.seen(number)
        except OSError:
          continue
    with self._open_cache() as cache:
      cached = cache.digests_of([tuple(seen) for seen in stats.values()])
    for (number, seen), digest in zip(stats.items(), cached, strict=True):
      if found := digest or digest_of.get(seen):
        self._know(number, found)

  def _open_cache(self):
    return score.open_cache(self._library.cache or default_path(), self.model)

  def score(self, order: np.ndarray, first: Callable[[], set[int]], told: Callable[[], None]):
    """Scores all photographs, in the order given but for those that are wanted first.

    Args:
      order: [n] numbers.
      first: called now and then: the numbers that are wanted before all others.
      told: called after each photograph.
    """
    _give_way()
    predict = score.network_of(self.model, self._library.batch_size)
    with self._open_cache() as cache:
      for chunk in self._chunks(order, first):
        photos = score.score_photos(
          [self.paths[number] for number in chunk],
          predict,
          cache,
          image_size=self.model.image_size,
          batch_size=self._library.batch_size,
        )
        for number, photo in zip(chunk, photos, strict=True):
          self._keep(number, photo)
          told()

  def _chunks(self, order: np.ndarray, first: Callable[[], set[int]]) -> Iterator[list[int]]:
    left = {int(number): None for number in order if not self.errors[number]}  # keeps the order
    size = max(CHUNK, len(self) // CHUNKS)
    while left:
      wanted = [number for number in first() if number in left]
      chunk = list(dict.fromkeys([*wanted, *left]))[:size]
      for number in chunk:
        del left[number]
      yield chunk

  def _keep(self, number: int, photo: Photo) -> None:
    if photo.key is None or photo.vector is None or photo.coordinates is None:
      self.errors[number] = photo.error
      return
    self.keys[number], self.vectors[number] = photo.key, photo.vector
    self.coordinates[number] = photo.coordinates
    self._know(number, photo.key["digest"].tobytes())
    self.scored[number] = True  # last: whoever sees it sees the rest

  def take(self, numbers: np.ndarray) -> Scored:
    """The photographs of these numbers, all of them scored."""
    paths = [self.paths[number] for number in numbers]
    columns = self.vectors[numbers], self.keys[numbers]
    return Scored(paths, *columns, [], self.coordinates[numbers])

  def measure(self) -> None:
    """Fills in `sizes`, by the files' headers."""
    from paiaa_jax.web.pictures import size_of

    _give_way()
    for number, path in enumerate(self.paths):
      if not self.errors[number]:
        self.sizes[number] = size_of(path)


def _folder(path: Path, root: Path) -> str:
  folder = path.parent.relative_to(root)
  return "" if folder == Path() else printable(folder)


def _give_way() -> None:
  """Lowers the priority of this thread, and of those that it starts, where the system can."""
  if sys.platform == "linux":
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
