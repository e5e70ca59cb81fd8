"""Photographs in, one row each out, in order: computed once by content, then read from the cache.

Threads read and decode ahead of the network, a bounded number of files, so that both run at once.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from paiaa_jax.cores import count_cores
from paiaa_jax.data.images import PREPROCESSING
from paiaa_jax.errors import UserError
from paiaa_jax.models import vector
from paiaa_jax.models.weights.model_folder import ModelFolder
from paiaa_jax.photos import files
from paiaa_jax.photos.cache import KEY, Cache, Index, Rows, split_digests
from paiaa_jax.photos.names import printable
from paiaa_jax.types import Prediction

# [n, s, s, 3] uint8 -> vectors [n, b + k] float32 and coordinates [n, m] float16
Predict = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
BATCHES_AHEAD = 2
LOOKED_UP = 4096  # files whose contents are looked up at once
ROWS_AHEAD = 1024  # rows without work for the network are passed on at least this often


class Photo(NamedTuple):
  """One file as the model sees it.

  Attributes:
    path: as it was found.
    vector: [b + k] float32, a row of models.vector; None after an error.
    key: its cache.KEY: digest, look and time; None after an error.
    error: what was wrong with the file; empty otherwise.
    coordinates: [m] float16; None after an error, and where they were not asked for.
  """

  path: Path
  vector: np.ndarray | None = None
  key: np.void | None = None
  error: str = ""
  coordinates: np.ndarray | None = None


def look_up(paths: Sequence[Path], cache: Cache) -> tuple[Rows, np.ndarray]:
  """The cache's rows, and which of them [n] is each photograph's; -1 where a file must be read."""
  rows, stats = cache.rows(), [_stat(path) for path in paths]
  found = cache.digests_of([stat for stat in stats if stat])
  row, at = np.full(len(paths), -1), np.flatnonzero([stat is not None for stat in stats])
  known = np.flatnonzero([digest is not None for digest in found])
  row[at[known]] = Index(rows.keys).find([found[i] for i in known.tolist()])
  return rows, row


_Stat = tuple[str, int, int]  # path, size, mtime in ns


class _Read(NamedTuple):
  """What a thread brought back: rows found in the cache, or pixels, or an error."""

  path: Path
  digest: bytes = b""
  decoded: files.Decoded | None = None
  error: str = ""
  seen: tuple[str, int, int, bytes] | None = None  # for Cache.remember_files


def open_cache(path: str | Path, model: ModelFolder) -> Cache:
  """The cache's rows for this model and this version of the preprocessing.

  Rows that were kept before there were coordinates have another key: whoever wants them does not
  find those, and whoever does not know of them does not find these.
  """
  m, key = model.num_coordinates, f"{model.model_id}/{PREPROCESSING}"
  return Cache(path, f"{key}/{m} coordinates" if m else key, len(vector.columns(model)), m)


def network_of(model: ModelFolder, batch_size: int) -> Predict:
  """The model as one function; jax and the weights are loaded at its first call."""
  predictors = []

  def predict(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from paiaa_jax.models.predictor import Predictor

    if not predictors:
      predictors.append(Predictor(model.folder, batch_size))
    return kept(predictors[0].predict(pixels), model)

  return predict


def kept(prediction: Prediction, model: ModelFolder) -> tuple[np.ndarray, np.ndarray]:
  """What is kept of n images: vectors [n, b + k] float32, coordinates [n, m] float16."""
  vectors = vector.pack(prediction.distribution, prediction.aux)
  features = np.asarray(prediction.features)
  return vectors, features[:, : model.num_coordinates].astype(np.float16)


def without_coordinates(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """What a Predict gives that has vectors alone."""
  return vectors, np.empty((len(vectors), 0), np.float16)


def score_photos(
  paths: Iterable[Path],
  predict: Predict,
  cache: Cache,
  *,
  image_size: int,
  batch_size: int = 32,
  coordinates: bool = True,
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
    coordinates: whether those in the cache are read and passed on; they are kept either way.
  """
  known = _Known(cache, coordinates)
  workers = count_cores()
  with ThreadPoolExecutor(workers) as pool:
    waiting, news = [], 0
    for read in _read_ahead(pool, paths, cache, known, image_size, BATCHES_AHEAD * batch_size):
      waiting.append(read)
      news += read.decoded is not None
      if news == batch_size or len(waiting) == ROWS_AHEAD:
        yield from _finish(waiting, predict, cache, known)
        waiting, news = [], 0
    yield from _finish(waiting, predict, cache, known)


_Row = tuple[np.void, np.ndarray, np.ndarray | None]  # a Photo's key, vector, coordinates


class _Known:
  """Rows of the cache, and those added since, by digest."""

  def __init__(self, cache: Cache, coordinates: bool):
    self._rows, self._coordinates = cache.rows(coordinates), coordinates
    self._index = Index(self._rows.keys)
    self._added: dict[bytes, _Row] = {}

  def __contains__(self, digest: bytes) -> bool:
    return digest in self._added or self._index.find([digest])[0] >= 0

  def among(self, digests: Sequence[bytes]) -> set[bytes]:
    """Those of the digests that are known."""
    found = self._index.find(digests) >= 0
    return {d for d, old in zip(digests, found, strict=True) if old or d in self._added}

  def get(self, digests: Sequence[bytes]) -> Iterator[_Row]:
    """The row of each; all are known."""
    for digest, row in zip(digests, self._index.find(digests).tolist(), strict=True):
      yield self._row(self._rows, row) if row >= 0 else self._added[digest]

  def add(self, rows: Rows, digests: list[bytes]) -> None:
    self._added |= ((digest, self._row(rows, row)) for row, digest in enumerate(digests))

  def _row(self, rows: Rows, row: int) -> _Row:
    coordinates = rows.coordinates[row] if self._coordinates else None
    return rows.keys[row], rows.vectors[row], coordinates


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
  for path, stat, digest in _look_up(paths, cache, known):
    if digest:
      pending.append(_Read(path, digest))
    else:
      pending.append(pool.submit(_read, path, stat, known, image_size))
    if len(pending) > ahead:
      yield _settled(pending.popleft())
  while pending:
    yield _settled(pending.popleft())


def _look_up(
  paths: Iterable[Path], cache: Cache, known: _Known
) -> Iterator[tuple[Path, _Stat | None, bytes | None]]:
  """Each path with its _stat and, where the content is known without reading it, its digest."""
  paths = iter(paths)
  while chunk := list(islice(paths, LOOKED_UP)):
    stats = [_stat(path) for path in chunk]
    found = [stat for stat in stats if stat]
    digests = dict(zip(found, cache.digests_of(found), strict=True))
    seen = known.among([digest for digest in digests.values() if digest])
    for path, stat in zip(chunk, stats, strict=True):
      digest = digests[stat] if stat else None
      yield path, stat, digest if digest in seen else None


def _settled(read: Future[_Read] | _Read) -> _Read:
  return read.result() if isinstance(read, Future) else read


def _read(path: Path, stat: _Stat | None, known: _Known, image_size: int) -> _Read:
  """Reads one file; decodes it unless its content is known."""
  try:
    data = files.read_bytes(path)
    digest = files.digest_of(data)
    seen = (*stat, digest) if stat else None
    if digest in known:
      return _Read(path, digest, seen=seen)
    return _Read(path, digest, files.decode(data, image_size, path), seen=seen)
  except (UserError, MemoryError) as error:
    return _Read(path, error=files.reason(error))


def _stat(path: Path) -> _Stat | None:
  """What tells whether a file is the one that was read before; None where nothing does."""
  try:
    whole = str(path.absolute())
    stat = os.stat(whole)
  except OSError:
    return None
  if abs(stat.st_mtime_ns) >= 1 << 63:  # SQLite's integers end in the year 2262
    return None
  return printable(whole), stat.st_size, stat.st_mtime_ns


def _finish(waiting: list[_Read], predict: Predict, cache: Cache, known: _Known) -> Iterator[Photo]:
  """Runs the network over what is new, keeps it, and turns every read into its Photo."""
  # an equal file that was read ahead may have become known since
  new = {r.digest: r.decoded for r in waiting if r.decoded is not None and r.digest not in known}
  if new:
    arrays = predict(np.stack([decoded.pixels for decoded in new.values()]))
    keys: np.ndarray = np.empty(len(new), KEY)
    keys["digest"] = split_digests(list(new))
    keys["look"] = [decoded.look for decoded in new.values()]
    keys["taken"] = [decoded.taken for decoded in new.values()]
    rows = Rows(keys, *arrays)
    cache.add(rows)
    known.add(rows, list(new))
  if seen := [read.seen for read in waiting if read.seen]:
    cache.remember_files(seen)
  found = known.get([read.digest for read in waiting if not read.error])
  for read in waiting:
    if read.error:
      yield Photo(read.path, error=read.error)
    else:
      key, row, coordinates = next(found)
      yield Photo(read.path, row, key, coordinates=coordinates)
