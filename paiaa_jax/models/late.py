"""What a device computes, fetched one result late: the next is under way before the host waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

import jax

Tree = TypeVar("Tree")


def fetch(started: Iterable[Tree]) -> Iterator[Tree]:
  """jax.device_get of each tree of arrays, in order; no more than two are under way."""
  waiting = []
  for result in started:
    waiting.append(result)
    if len(waiting) > 1:
      yield jax.device_get(waiting.pop(0))
  yield from map(jax.device_get, waiting)
