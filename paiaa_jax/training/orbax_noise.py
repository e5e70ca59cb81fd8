"""Orbax tells of every failed read or write by exception, which we turn into one line.

It also logs the traceback several times, and the event loop that it leaves closes under the other
reads in flight, each of which complains. `hush` drops both, and nothing else.
"""

from __future__ import annotations

import logging
import sys


def hush() -> None:
  """Installs the two filters, once for the process."""
  logging.getLogger("absl").addFilter(_is_not_orbax)
  logging.getLogger("asyncio").addFilter(_is_not_orbax)
  if not isinstance(sys.unraisablehook, _Unraisable):
    sys.unraisablehook = _Unraisable(sys.unraisablehook)


def _is_not_orbax(record: logging.LogRecord) -> bool:
  return "orbax" not in record.pathname and "orbax" not in record.getMessage()


class _Unraisable:
  """Passes everything on but complaints about a closed event loop."""

  def __init__(self, former):
    self._former = former

  def __call__(self, unraisable) -> None:
    if str(unraisable.exc_value) != "Event loop is closed":
      self._former(unraisable)
