"""Which photographs to compare next: takes of one burst, else neighbours in the ranking."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from paiaa_jax.web.collection import Collection
from paiaa_jax.web.marks import REJECTED, Marks
from paiaa_jax.web.view import View

TRIED = 50  # places in the ranking


class Together(NamedTuple):
  """numbers of 2 to 4 photographs, none where there are not two; whether they are takes."""

  numbers: list[int]
  burst: bool


def next_pair(
  collection: Collection, view: View, marks: Marks, count: int, random: np.random.Generator
) -> Together:
  """Photographs that were not compared with each other yet; up to `count` of them."""
  done = {frozenset(one.photographs) for one in marks.comparisons.values()}
  open_ = np.array([_is_open(collection, marks, number) for number in view.rows], bool)
  ranked = view.rows[open_][np.argsort(view.places[view.rows[open_]], kind="stable")]
  for burst, numbers in [
    *((True, takes[:count]) for takes in _bursts(view, ranked)),
    *((False, each) for each in _neighbours(ranked, count, random)),
  ]:
    digests = frozenset(collection.digest(number) for number in numbers)
    if len(digests) == len(numbers) > 1 and not any(digests <= former for former in done):
      return Together(sorted(int(number) for number in numbers), burst)
  return Together([], False)


def _is_open(collection: Collection, marks: Marks, number: int) -> bool:
  rating = marks.ratings.get(collection.digest(int(number)))
  return rating is None or rating.value != REJECTED


def _bursts(view: View, ranked: np.ndarray) -> Iterator[np.ndarray]:
  """Of each burst of several the photographs, the burst with the best one first."""
  burst = view.burst[ranked]
  names, first, count = np.unique(burst, return_index=True, return_counts=True)
  for name in names[np.argsort(first)][count[np.argsort(first)] > 1]:
    yield ranked[burst == name]


def _neighbours(
  ranked: np.ndarray, count: int, random: np.random.Generator
) -> Iterator[np.ndarray]:
  last = max(len(ranked) - count, 0)
  for start in random.integers(0, last + 1, TRIED):
    yield ranked[start : start + count]
