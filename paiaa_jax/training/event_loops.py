"""Event loops for Orbax that end what they have begun before they close.

Orbax reads and writes all arrays of a checkpoint at once, and closes its event loop at the first
that fails (`_run_sync_via_new_loop` in orbax/checkpoint/_src/asyncio_utils.py, 0.12.8). Each of the
others then prints that its loop is closed, even after our error's line, at the end of the process.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Generator


@contextlib.contextmanager
def patient_event_loops() -> Generator[None]:
  """Inside the block, new event loops wait for their tasks before they close."""
  # Python 3.16 has no policies; until then there is no other way in.
  former = asyncio.get_event_loop_policy()  # ty: ignore[deprecated]
  asyncio.set_event_loop_policy(_Policy())  # ty: ignore[deprecated]
  try:
    yield
  finally:
    asyncio.set_event_loop_policy(former)  # ty: ignore[deprecated]


class _PatientLoop(asyncio.SelectorEventLoop):
  def close(self) -> None:
    if not self.is_closed():
      self.run_until_complete(_other_tasks())  # runs what was called back besides
    super().close()


async def _other_tasks() -> None:
  while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
    await asyncio.gather(*tasks, return_exceptions=True)


class _Policy(asyncio.DefaultEventLoopPolicy):
  def new_event_loop(self) -> asyncio.AbstractEventLoop:
    return _PatientLoop()
