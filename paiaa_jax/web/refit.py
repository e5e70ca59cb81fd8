"""Ratings in, a new view of the library out, on a thread of its own; no key waits for it."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable

from paiaa_jax.web import view
from paiaa_jax.web.collection import Collection
from paiaa_jax.web.session import Session

PAUSE = 0.4  # seconds without an action before a refit
PATIENCE = 3.0  # seconds after the first action by which it starts, pause or not
SCORED = 2.0  # seconds between two looks at what was scored meanwhile
ELSEWHERE = 1.0  # seconds between two looks at what other processes wrote


class Refit(threading.Thread):
  """Keeps `view` as new as the session and the scores; `told` is called whenever it changes."""

  def __init__(self, collection: Collection, session: Session, told: Callable[[], None]):
    super().__init__(name="refit", daemon=True)
    self.view = view.empty(collection)
    self._collection, self._session, self._told = collection, session, told
    self._woken = threading.Condition()
    self._first: float | None = None  # when the first action came that is not in the view
    self._last = 0.0
    self._ending = False
    self._scored, self._looked = 0, 0.0

  @property
  def fitting(self) -> bool:
    """Whether there are actions that the view does not know yet."""
    return self._first is not None

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
      if self._session.catch_up():
        self.wake()
      if self._wait():
        self._look()

  def _wait(self) -> bool:
    """Until it is time for a refit, or a second has passed; whether it is time."""
    with self._woken:
      if self._first is None:
        self._woken.wait(ELSEWHERE)
      while self._first is not None and not self._ending:
        left = min(self._last + PAUSE, self._first + PATIENCE) - time.monotonic()
        if left <= 0:
          return True
        self._woken.wait(left)
    return not self._ending and self._has_news()

  def _has_news(self) -> bool:
    """Whether more photographs are scored than the view knows, and it is time to look."""
    scored = int(self._collection.scored.sum())
    if scored == self._scored:
      return False
    return scored == len(self._collection) or time.monotonic() > self._looked + SCORED

  def _look(self) -> None:
    with self._woken:
      began, revision = self._first, self._session.revision
    self._scored = int(self._collection.scored.sum())
    try:
      self.view = view.look(self._collection, self._session.marks(), self.view)
    except Exception:  # the page stays, with the view before; the next action tries again
      traceback.print_exc()
    self._looked = time.monotonic()
    with self._woken:
      if self._first == began and self._session.revision == revision:
        self._first = None
      else:  # actions came meanwhile: the pause is counted from the last of them
        self._first = self._last
    self._told()
