"""Somebody's photographs under one model: found, scored, told from bad files, with progress."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from paiaa_jax.errors import UserError
from paiaa_jax.models import vector
from paiaa_jax.models.weights.model_folder import ModelFolder
from paiaa_jax.photos import files, score
from paiaa_jax.photos.cache import KEY, Cache, default_path
from paiaa_jax.photos.choose_model import open_model
from paiaa_jax.photos.names import printable
from paiaa_jax.photos.own_vectors import OwnVectors
from paiaa_jax.photos.score import Photo

T = TypeVar("T")


class Scored(NamedTuple):
  """The good photographs of a library as columns, and the bad files.

  Attributes:
    paths: n, in the order found.
    vectors: [n, b + k] float32, distributions, then auxiliary outputs.
    keys: [n] of cache.KEY.
    bad: files with an error.
    coordinates: [n, m] float16.
  """

  paths: list[Path]
  vectors: np.ndarray
  keys: np.ndarray
  bad: list[Photo]
  coordinates: np.ndarray

  def take(self, rows: Sequence[int]) -> Scored:
    """The photographs of these rows; the bad files stay."""
    chosen = list(rows)
    paths = [self.paths[i] for i in chosen]
    return Scored(
      paths, self.vectors[chosen], self.keys[chosen], self.bad, self.coordinates[chosen]
    )


class Library(NamedTuple):
  """Which photographs, by which model, with which cache, and with whose vectors if not its own.

  pairs: see `files.find_photos`.
  """

  paths: Sequence[Path]
  model: ModelFolder
  batch_size: int = 32
  recursive: bool = False
  cache: Path | None = None
  vectors: OwnVectors | None = None
  pairs: bool = False

  @classmethod
  def open(cls, paths: Sequence[Path], model: str | None, **options) -> Library:
    """The model by its name (see choose_model); raises what `open_model` raises."""
    return cls(paths, open_model(model), **options)

  @property
  def taste_model(self) -> ModelFolder:
    """The model as profiles know it."""
    return self.vectors.model(self.model) if self.vectors else self.model

  def photos(self, coordinates: bool = True) -> Iterator[Photo]:
    """Every photograph found, in order, scored or with its error.

    Args:
      coordinates: whether they have them, which takes reading 512 bytes a photograph of the cache.

    Raises:
      UserError: a path that does not exist, or folders without a single photograph; at once,
        before the first photograph.
    """
    return self._photos(self._found(), coordinates)

  def _found(self) -> list[Path]:
    passed: Counter[str] = Counter()
    found = list(files.find_photos(self.paths, self.recursive, passed, self.pairs))
    if passed:
      print(files.told(passed), file=sys.stderr)
    if not found:
      where = ", ".join(printable(path) for path in self.paths)
      deeper = "" if self.recursive else "; --recursive looks into folders in folders"
      raise UserError(f"no photograph in {where}{deeper}.")
    return found

  def _photos(self, found: list[Path], coordinates: bool = True) -> Iterator[Photo]:
    scored = self._score(found, coordinates)
    return map(self.vectors.put, scored) if self.vectors else scored

  def _score(self, found: list[Path], coordinates: bool) -> Iterator[Photo]:
    predict = score.network_of(self.model, self.batch_size)
    with self._open() as cache:
      scored = score.score_photos(
        found,
        predict,
        cache,
        image_size=self.model.image_size,
        batch_size=self.batch_size,
        coordinates=coordinates,
      )
      yield from with_progress(scored, len(found))

  def _open(self) -> Cache:
    return score.open_cache(self.cache or default_path(), self.model)

  def files_of(self, digests: Sequence[str]) -> dict[str, Path]:
    """Where files of these contents (hex) were last seen, as far as the cache knows."""
    with self._open() as cache:
      found = cache.paths_of([bytes.fromhex(digest) for digest in digests])
    return {digest.hex(): path for digest, path in found.items() if path.is_file()}

  def scored(self) -> Scored:
    """All of them at once.

    Raises:
      UserError: there is no good photograph among them.
    """
    found, model = self._found(), self.taste_model
    n, row = len(found), np.full(len(found), -1)
    keys, vectors = np.empty(n, KEY), np.empty((n, len(vector.columns(model))), np.float32)
    coordinates: np.ndarray = np.empty((n, model.num_coordinates), np.float16)
    if not self.vectors:  # what is known, most of it as a rule, in one piece
      with self._open() as cache:
        rows, row = score.look_up(found, cache)
      known = np.flatnonzero(row >= 0)
      for column, of in zip((keys, vectors, coordinates), rows, strict=True):
        column[known] = of[row[known]]
    new, bad = np.flatnonzero(row < 0), []
    photos = self._photos([found[i] for i in new]) if len(new) else iter(())
    for i, photo in zip(new, photos, strict=True):
      if photo.error:
        bad.append((i, photo))
      else:
        keys[i], vectors[i], coordinates[i] = photo.key, photo.vector, photo.coordinates
    for _, photo in bad:
      print(f"{printable(photo.path)}: {photo.error}", file=sys.stderr)
    if len(bad) == n:
      raise UserError(f"no photograph to score among {n} files.")
    scored = Scored(found, vectors, keys, [photo for _, photo in bad], coordinates)
    good = np.ones(n, bool)
    good[[i for i, _ in bad]] = False
    return scored.take(np.flatnonzero(good).tolist()) if bad else scored


def with_progress(items: Iterable[T], total: int, what: str = "photographs") -> Iterator[T]:
  """Passes items on, with a bar on stderr where a person is looking at it."""
  if not sys.stderr.isatty():
    yield from items
    return
  from rich.console import Console
  from rich.progress import track

  yield from track(items, what, total, console=Console(stderr=True), transient=True)
