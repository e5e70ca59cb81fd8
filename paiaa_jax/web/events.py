"""What has changed, told to every page that is open, as server-sent events (HTML standard, 9.2)."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable

import msgspec

BEAT = 15.0  # seconds after which a comment keeps the connection
TICK = 0.5  # seconds between two looks whether the server ends
MOST = 32  # pages at once


class Events:
  """Pages wait here; any thread tells that something changed."""

  def __init__(self, state: Callable[[], dict]):
    self._state = state
    self._loop: asyncio.AbstractEventLoop | None = None
    self._pages: set[asyncio.Event] = set()
    self.is_over: Callable[[], bool] = lambda: False

  def tell(self) -> None:
    """Something may have changed; from any thread."""
    if self._loop is not None and not self._loop.is_closed():
      self._loop.call_soon_threadsafe(self._wake)

  def _wake(self) -> None:
    for page in self._pages:
      page.set()

  @property
  def is_full(self) -> bool:
    """Whether no further page may wait."""
    return len(self._pages) >= MOST

  async def stream(self) -> AsyncIterator[bytes]:
    """One page's events: the state at once, and again whenever it is another."""
    self._loop = asyncio.get_running_loop()
    page, told, beat = asyncio.Event(), b"", time.monotonic()
    self._pages.add(page)
    try:
      while not self.is_over():
        page.clear()
        if (state := msgspec.json.encode(self._state())) != told:
          told, beat = state, time.monotonic()
          yield b"event: change\ndata: " + state + b"\n\n"
        if time.monotonic() - beat > BEAT:
          beat = time.monotonic()
          yield b": still here\n\n"
        with contextlib.suppress(TimeoutError):
          await asyncio.wait_for(page.wait(), TICK)
    finally:
      self._pages.discard(page)
