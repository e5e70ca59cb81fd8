"""Ratings in, a new view of the library out, on a thread of its own; no key waits for it.

First what is seen at once, the scores and their order. What takes longer, the verdict and the
intervals of places, is thought over when nobody presses a key.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from paiaa_jax.web import taste, view
from paiaa_jax.web.collection import Collection
from paiaa_jax.web.session import Session
from paiaa_jax.web.verdict import Verdict

PAUSE = 0.4  # seconds without an action before a refit
PATIENCE = 3.0  # seconds after the first action by which it starts, pause or not
IDLE = 1.0  # seconds without an action before the rest is thought over
SCORED = 2.0  # seconds between two looks at what was scored meanwhile
ELSEWHERE = 1.0  # seconds between two looks at what other processes wrote
BEST = 100  # places whose intervals are counted


class Thought(NamedTuple):
  """What was thought over: `taste` as the page reads it; ranks: number -> lowest, highest place."""

  refit: int
  taste: dict[str, Any]
  ranks: dict[int, tuple[int, int]]


class Refit(threading.Thread):
  """Keeps `view` and `thought` as new as the session and the scores.

  `told` is called whenever one of them changes.
  """

  def __init__(
    self, collection: Collection, session: Session, verdict: Verdict, told: Callable[[], None]
  ):
    super().__init__(name="refit", daemon=True)
    self._collection, self._session = collection, session
    self._verdict, self._told = verdict, told
    self.view = view.empty(collection)
    self.thought = Thought(0, taste.told(self.view, [], 0), {})
    self._woken = threading.Condition()
    self._first: float | None = None  # when the first action came that is not in the view
    self._last = 0.0
    self._ending = False
    self._scored, self._looked = 0, 0.0

  @property
  def fitting(self) -> bool:
    """Whether there are actions that the view does not know yet, or a view not thought over."""
    return self._first is not None or self.thought.refit < self.view.refit

  def wake(self) -> None:
    """An action was stored."""
    with self._woken:
      self._last = time.monotonic()
      if self._first is None:
        self._first = self._last
      self._woken.notify()

  def end(self) -> None:
    """Ends the thread after what it is at."""
    with self._woken:
      self._ending = True
      self._woken.notify()

  def run(self) -> None:
    """Looks whenever there is news."""
    if self._session.revision:
      self.wake()
    while not self._ending:
      try:
        self._turn()
      except Exception:  # the page stays, with the view before; the next action tries again
        traceback.print_exc()
        self._first, self.thought = None, self.thought._replace(refit=self.view.refit)

  def _turn(self) -> None:
    if self._session.catch_up():
      self.wake()
    self._wait()
    if self._ending:
      return
    if self._first is not None or self._has_news():
      self._look()
    elif self.thought.refit < self.view.refit and time.monotonic() > self._last + IDLE:
      self._think()

  def _wait(self) -> None:
    """Until it is time for a refit; where there is nothing to fit, a moment."""
    with self._woken:
      if self._first is None:
        self._woken.wait(IDLE / 4 if self.fitting else ELSEWHERE)
      while self._first is not None and not self._ending:
        left = min(self._last + PAUSE, self._first + PATIENCE) - time.monotonic()
        if left <= 0:
          return
        self._woken.wait(left)

  def _has_news(self) -> bool:
    """Whether more photographs are scored than the view knows, and it is time to look."""
    if int(self._collection.scored.sum()) == self._scored:
      return False
    return self._collection.is_scored or time.monotonic() > self._looked + SCORED

  def _look(self) -> None:
    with self._woken:
      began, revision = self._first, self._session.revision
    self._scored = int(self._collection.scored.sum())
    self.view = view.look(self._collection, self._session.marks(), self.view)
    self._looked = time.monotonic()
    with self._woken:
      if self._first == began and self._session.revision == revision:
        self._first = None
      else:  # actions came meanwhile: the pause is counted from the last of them
        self._first = self._last
    self._told()

  def _think(self) -> None:
    seen, marks = self.view, self._session.marks()
    shown = seen.best(BEST)
    ranks: dict[int, tuple[int, int]] = {}
    if seen.profile is not None:
      rows = np.searchsorted(seen.rows, shown)
      ends = seen.profile.rank_intervals(seen.photographs, rows)
      ranks = dict(zip(shown.tolist(), map(tuple, ends.tolist()), strict=True))
    judgements = self._verdict.judgements(marks)
    self.thought = Thought(seen.refit, taste.told(seen, judgements, len(marks.ratings)), ranks)
    self._told()
