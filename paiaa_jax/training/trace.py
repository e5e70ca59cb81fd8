"""A profiler trace of a few steps, written into <workdir>/trace for TensorBoard or Perfetto."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax

from paiaa_jax.errors import UserError


class Trace:
  """Traces steps first..last-1 of "first:last"; "" traces nothing."""

  def __init__(self, steps: str, workdir: Path):
    """
    Raises:
      UserError: where `steps` is neither "" nor two rising numbers.
    """
    self._folder = workdir / "trace"
    self._first, self._last = _parse(steps)
    self._running = False

  def at(self, step: int, state: Any) -> None:
    """Starts or stops; called before each step.

    Waits for `state`, what the step before left, so that the trace has whole steps in it.
    """
    if step not in (self._first, self._last):
      return
    jax.block_until_ready(state)
    if step == self._first:
      jax.profiler.start_trace(str(self._folder))
      self._running = True
    else:
      self.close()

  def close(self) -> None:
    """Writes a trace that is still running; without one, nothing."""
    if self._running:
      jax.profiler.stop_trace()
      self._running = False


def _parse(steps: str) -> tuple[int, int]:
  if not steps:
    return -1, -1
  first, _, last = steps.partition(":")
  if not (first.isdigit() and last.isdigit() and int(first) < int(last)):
    raise UserError(f"log.profile_steps={steps!r} is not of the form 10:20.")
  return int(first), int(last)
