"""Which photographs come next: numbers, by one of five orders.

A random tenth of the library, by content, is set aside (more of a small one): those photographs are
shown at random places of every order and never because of a score, so that ratings of them can
judge the scores.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Literal, NamedTuple

import numpy as np

from paiaa_jax.personalization import posterior
from paiaa_jax.personalization.active import choose_next
from paiaa_jax.personalization.left_out import FEWEST
from paiaa_jax.photos import prior_file
from paiaa_jax.photos.ratings import STARS
from paiaa_jax.web.collection import Collection
from paiaa_jax.web.marks import Marks
from paiaa_jax.web.view import View, told

Order = Literal["suggest", "folder", "random", "unsure", "disagreed"]
BLIND = ("suggest", "folder", "random", "unsure")  # where a photograph is rated before its score
TENTH, JUDGES = 0.1, 40  # the share that is set aside, and how many photographs that is at least
HALF = 0.5  # of a library, which is the most
OFTEN, SELDOM = 4, 10  # one in so many of those shown is a judge, until FEWEST are rated; then
BATCH = 36  # photographs that are chosen at once
ENOUGH = 20  # of a batch left, below which the next one is chosen
WEIGHED = 1200  # photographs among which they are chosen, a random part of a larger library


class Next(NamedTuple):
  """numbers, the order that they are in, and those of them that judge the scores."""

  numbers: list[int]
  order: Order
  judged: list[int]


def share_of(n: int) -> float:
  """The share of n photographs that is set aside."""
  return float(np.clip(JUDGES / max(n, 1), TENTH, HALF))


def is_judge(digest: bytes, seed: int, share: float) -> bool:
  """Whether a photograph of this content is set aside in a session."""
  mixed = hashlib.sha256(seed.to_bytes(8, "little") + digest).digest()
  return int.from_bytes(mixed[:8], "little") < share * 2**64


class Orders:
  """The orders of one collection and session."""

  def __init__(self, collection: Collection, seed: int):
    self._collection, self._seed, self._share = collection, seed, share_of(len(collection))
    self.random = np.random.default_rng(seed).permutation(len(collection))
    self._judges: dict[bytes, bool] = {}
    self._suggestions = Suggestions(collection, self.judges, self.random)

  def judges(self) -> np.ndarray:
    """[n] bool, those that are known to be set aside."""
    digests = map(self._collection.known_digest, range(len(self._collection)))
    return np.array([d is not None and self._is_judge(d) for d in digests], bool)

  def _is_judge(self, digest: bytes) -> bool:
    if digest not in self._judges:
      self._judges[digest] = is_judge(digest, self._seed, self._share)
    return self._judges[digest]

  def next(self, order: Order, count: int, after: int | None, view: View, marks: Marks) -> Next:
    """Up to `count` photographs to rate, none of which has a rating but for `disagreed`."""
    free = self.free(marks)
    judges = self.judges()
    if order == "suggest":
      chosen = self._suggestions.next(view, marks, free)
      order = order if chosen else "random"
    elif order == "unsure":
      chosen = _unsure(view, free & ~judges)
      order = order if chosen else "random"
    elif order == "disagreed":
      chosen = _disagreed(self._collection, view, marks)
    if order == "folder":
      chosen = _from(np.arange(len(free)), free, after)
    elif order == "random":
      chosen = _from(self.random, free, after)
    elif order != "disagreed":
      spare = [int(number) for number in self.random if free[number] and judges[number]]
      enough = sum(map(self._is_judge, marks.ratings)) >= FEWEST
      random = np.random.default_rng([self._seed, marks.revision])
      chosen = _mixed(chosen, spare, SELDOM if enough else OFTEN, random)
    chosen = chosen[:count]
    return Next(chosen, order, [number for number in chosen if judges[number]])

  def free(self, marks: Marks) -> np.ndarray:
    """[n] bool: photographs without a rating and without an error."""
    free = np.array([not error for error in self._collection.errors], bool)
    for digest in marks.ratings:
      free[self._collection.numbers(digest)] = False
    return free


def _from(order: np.ndarray, free: np.ndarray, after: int | None) -> list[int]:
  """The free ones in an order, from behind `after` on and round again."""
  if after is not None and 0 <= after < len(order):
    order = np.roll(order, -1 - int(np.flatnonzero(order == after)[0]))
  return order[free[order]].tolist()


def _mixed(
  chosen: list[int], spare: list[int], every: int, random: np.random.Generator
) -> list[int]:
  """One of the spare at a random place among `every` - 1 of the chosen, and so on."""
  mixed: list[int] = []
  while chosen or spare:
    part, chosen = chosen[: every - 1], chosen[every - 1 :]
    if spare:
      part.insert(int(random.integers(len(part) + 1)), spare.pop(0))
    mixed += part
  return mixed


def _unsure(view: View, free: np.ndarray) -> list[int]:
  """The widest intervals first, one photograph of each burst."""
  if view.profile is None:
    return []
  order = np.argsort(-np.nan_to_num(view.half, nan=-1.0), kind="stable")
  order = order[free[order] & ~np.isnan(view.half[order])]
  _, first = np.unique(view.burst[order], return_index=True)
  return order[np.sort(first)].tolist()


def _disagreed(collection: Collection, view: View, marks: Marks) -> list[int]:
  """Rated photographs, those whose rating is furthest from their score first."""
  numbers, given = told(collection, marks)
  values = np.where(given.rejected, STARS[0], given.ratings)
  numbers, values = numbers[np.isfinite(values)], values[np.isfinite(values)]
  ranking = view.ranking[numbers]
  scale = collection.model.score_values
  gap = np.abs(posterior.in_points(values, STARS, (scale[0], scale[-1])) - ranking)
  order = np.argsort(-np.nan_to_num(gap, nan=-1.0), kind="stable")
  return numbers[order].tolist()


class Suggestions:
  """Batches of the photographs whose ratings would tell most, chosen in good time."""

  def __init__(
    self, collection: Collection, judges: Callable[[], np.ndarray], random: np.ndarray
  ) -> None:
    self._collection, self._judges, self._random = collection, judges, random
    self._lock = threading.Lock()
    self._pool = ThreadPoolExecutor(1, "suggest")
    self._batch: list[int] = []
    self._choosing: Future[None] | None = None

  def next(self, view: View, marks: Marks, free: np.ndarray) -> list[int]:
    """What is left of the batch; none while the first one is chosen."""
    with self._lock:
      left = [number for number in self._batch if free[number]]
      idle = self._choosing is None or self._choosing.done()
      if len(left) < ENOUGH and idle and len(view.rows):
        self._choosing = self._pool.submit(self._choose, view, marks)
    return left

  def _choose(self, view: View, marks: Marks) -> None:
    numbers, _ = told(self._collection, marks)
    is_rated = np.isin(view.rows, numbers)
    open_ = ~is_rated & ~self._judges()[view.rows]
    place = np.argsort(self._random)[view.rows]  # whose order the part of the library follows
    part = np.flatnonzero(open_)[np.argsort(place[open_], kind="stable")][:WEIGHED]
    chosen = np.sort(np.concatenate([np.flatnonzero(is_rated), part]))
    found = choose_next(
      view.photographs.take(chosen),
      is_rated[chosen],
      BATCH,
      prior=prior_file.of_model_or_broad(self._collection.model),
      bursts=view.burst[view.rows[chosen]],
    )
    with self._lock:
      self._batch = view.rows[chosen[found]].tolist()
