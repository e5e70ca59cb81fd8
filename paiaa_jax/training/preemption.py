"""SIGTERM, from a scheduler that wants its machine back: noted here, obeyed between two steps."""

from __future__ import annotations

import signal

import jax
from jax.experimental import multihost_utils

EXIT_CODE = 75  # EX_TEMPFAIL of sysexits.h: start the same command again and it goes on


class Preempted(Exception):
  """The run was told to stop, and has saved its state."""


class Preemption:
  """Answers `requested(step)` alike on every process.

  One process listens for SIGTERM itself. Of many, jax's own listener tells all of them once one
  has been told, and picks a step that none of them has passed.
  """

  def __init__(self):
    self._told = False
    self._alone = jax.process_count() == 1
    self._former = signal.signal(signal.SIGTERM, self._listen) if self._alone else None

  def _listen(self, signum, frame) -> None:
    self._told = True

  def requested(self, step: int) -> bool:
    """Whether to save and stop before `step`; every process must ask at every step."""
    if self._alone:
      return self._told
    return multihost_utils.reached_preemption_sync_point(step)

  def close(self) -> None:
    """Gives SIGTERM back to whoever had it."""
    if self._alone:
      signal.signal(signal.SIGTERM, self._former)
