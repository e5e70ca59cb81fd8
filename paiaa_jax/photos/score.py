"""Photographs in, one row each out, in order: computed once by content, then read from the cache.

Threads read and decode ahead of the network, a bounded number of files, so that both run at once.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from paiaa_jax.data.images import PREPROCESSING
from paiaa_jax.errors import UserError
from paiaa_jax.models import vector
from paiaa_jax.models.weights.model_folder import ModelFolder
from paiaa_jax.photos import files
from paiaa_jax.photos.cache import KEY, Cache, Index, Rows, split_digests
from paiaa_jax.photos.names import printable

Predict = Callable[[np.ndarray], np.ndarray]  # [n, s, s, 3] uint8 -> [n, b + k] float32
BATCHES_AHEAD = 2
ROWS_AHEAD = 1024  # rows without work for the network are passed on at least this often


class Photo(NamedTuple):
  """One file as the model sees it.

  Attributes:
    path: as it was found.
    vector: [b + k] float32, a row of models.vector; None after an error.
    key: its cache.KEY: digest, look and time; None after an error.
    error: what was wrong with the file; empty otherwise.
  """

  path: Path
  vector: np.ndarray | None = None
  key: np.void | None = None
  error: str = ""


class _Read(NamedTuple):
  """What a thread brought back: rows found in the cache, or pixels, or an error."""

  path: Path
  digest: bytes = b""
  decoded: files.Decoded | None = None
  error: str = ""
  seen: tuple[str, int, int, bytes] | None = None  # for Cache.remember_files


def open_cache(path: str | Path, model: ModelFolder) -> Cache:
  """The cache's rows for this model and this version of the preprocessing."""
  return Cache(path, f"{model.model_id}/{PREPROCESSING}", len(vector.columns(model)))


def network_of(model: ModelFolder, batch_size: int) -> Predict:
  """The model as one function; jax and the weights are loaded at its first call."""
  predictors = []

  def predict(pixels: np.ndarray) -> np.ndarray:
    from paiaa_jax.models.predictor import Predictor

    if not predictors:
      predictors.append(Predictor(model.folder, batch_size))
    prediction = predictors[0].predict(pixels)
    return vector.pack(prediction.distribution, prediction.aux)

  return predict


def score_photos(
  paths: Iterable[Path],
  predict: Predict,
  cache: Cache,
  *,
  image_size: int,
  batch_size: int = 32,
  workers: int = 0,
) -> Iterator[Photo]:
  """Yields a Photo for every path, in order; a bad file is one with an error.

  What the network says is in the cache before it is yielded, so nothing is computed twice, even
  after a kill.

  Args:
    paths: of photographs.
    predict: see `network_of`.
    cache: see `open_cache`.
    image_size: pixels, side of the network's input.
    batch_size: photographs a call of the network.
    workers: threads that decode; 0: one a core.
  """
  known = _Known(cache)
  workers = workers or os.cpu_count() or 1
  with ThreadPoolExecutor(workers) as pool:
    waiting, news = [], 0
    for read in _read_ahead(pool, paths, cache, known, image_size, BATCHES_AHEAD * batch_size):
      waiting.append(read)
      news += read.decoded is not None
      if news == batch_size or len(waiting) == ROWS_AHEAD:
        yield from _finish(waiting, predict, cache, known)
        waiting, news = [], 0
    yield from _finish(waiting, predict, cache, known)


class _Known:
  """Rows of the cache, and those added since, by digest."""

  def __init__(self, cache: Cache):
    self._rows = cache.rows()
    self._index = Index(self._rows.keys)
    self._added: dict[bytes, tuple[np.void, np.ndarray]] = {}

  def __contains__(self, digest: bytes) -> bool:
    return digest in self._added or self._index.find([digest])[0] >= 0

  def get(self, digest: bytes) -> tuple[np.void, np.ndarray]:
    if digest in self._added:
      return self._added[digest]
    row = self._index.find([digest])[0]
    return self._rows.keys[row], self._rows.vectors[row]

  def add(self, rows: Rows, digests: list[bytes]) -> None:
    self._added |= zip(digests, zip(rows.keys, rows.vectors, strict=True), strict=True)


def _read_ahead(
  pool: ThreadPoolExecutor,
  paths: Iterable[Path],
  cache: Cache,
  known: _Known,
  image_size: int,
  ahead: int,
) -> Iterator[_Read]:
  """Reads in order, `ahead` of them begun before they are asked for."""
  pending: deque[Future[_Read] | _Read] = deque()
  for path in paths:
    stat = _stat(path)
    digest = cache.digest_of(*stat) if stat else None
    if digest and digest in known:
      pending.append(_Read(path, digest))
    else:
      pending.append(pool.submit(_read, path, stat, known, image_size))
    if len(pending) > ahead:
      yield _settled(pending.popleft())
  while pending:
    yield _settled(pending.popleft())


def _settled(read: Future[_Read] | _Read) -> _Read:
  return read.result() if isinstance(read, Future) else read


def _read(path: Path, stat: tuple | None, known: _Known, image_size: int) -> _Read:
  """Reads one file; decodes it unless its content is known."""
  try:
    data = files.read_bytes(path)
    digest = files.digest_of(data)
    seen = (*stat, digest) if stat else None
    if digest in known:
      return _Read(path, digest, seen=seen)
    return _Read(path, digest, files.decode(data, image_size), seen=seen)
  except (UserError, MemoryError) as error:
    return _Read(path, error=files.reason(error))


def _stat(path: Path) -> tuple[str, int, int] | None:
  """What tells whether a file is the one that was read before; None where nothing does."""
  with suppress(OSError):
    stat = path.stat()
    if abs(stat.st_mtime_ns) < 1 << 63:  # SQLite's integers end in the year 2262
      return printable(path.absolute()), stat.st_size, stat.st_mtime_ns
  return None


def _finish(waiting: list[_Read], predict: Predict, cache: Cache, known: _Known) -> Iterator[Photo]:
  """Runs the network over what is new, keeps it, and turns every read into its Photo."""
  # an equal file that was read ahead may have become known since
  new = {r.digest: r.decoded for r in waiting if r.decoded is not None and r.digest not in known}
  if new:
    vectors = predict(np.stack([decoded.pixels for decoded in new.values()]))
    keys: np.ndarray = np.empty(len(new), KEY)
    keys["digest"] = split_digests(list(new))
    keys["look"] = [decoded.look for decoded in new.values()]
    keys["taken"] = [decoded.taken for decoded in new.values()]
    rows = Rows(keys, vectors)
    cache.add(rows)
    known.add(rows, list(new))
  cache.remember_files([read.seen for read in waiting if read.seen])
  for read in waiting:
    if read.error:
      yield Photo(read.path, error=read.error)
    else:
      key, row = known.get(read.digest)
      yield Photo(read.path, row, key)
