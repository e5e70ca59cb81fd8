"""Orbax tells of every failed read or write by exception, which we turn into one line.

It also logs the traceback several times, and leaves its event loop while other reads are in flight,
each of which complains. `hush` drops those, and nothing else: no code of ours uses asyncio.
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
  return "orbax" not in record.pathname and "never retrieved" not in record.getMessage()


class _Unraisable:
  """Passes everything on but complaints about a closed event loop, and of Orbax's coroutines."""

  def __init__(self, former):
    self._former = former

  def __call__(self, unraisable) -> None:
    code = getattr(unraisable.object, "cr_code", None)  # of a coroutine
    orbax = code is not None and "orbax" in code.co_filename
    if not orbax and str(unraisable.exc_value) != "Event loop is closed":
      self._former(unraisable)
