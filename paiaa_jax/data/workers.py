"""Processes that work for another one, and end with it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading


def end_with_parent() -> None:
  """This process ends as soon as its parent does, even where that was killed."""

  def wait():
    if parent := multiprocessing.parent_process():
      parent.join()
    os._exit(1)

  threading.Thread(target=wait, daemon=True).start()


def start_decoder(index: int, count: int) -> None:
  """What grain calls first in each of its processes.

  Signals are left to the trainer: told to stop, it goes on to the end of a step, and closes them.
  """
  del index, count
  for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
  end_with_parent()
