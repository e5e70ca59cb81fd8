"""Photographs of many requests share the calls of the network, in the order in which they come.

The predictor pads every call to one compiled shape, so a photograph's scores are the same to the
bit, whatever it shares a call with.
"""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future
from typing import NamedTuple

import numpy as np

from paiaa_jax.photos.score import Predict

MORE_COMES = 0.002  # seconds that a call waits for further photographs


class Full(Exception):
  """As many photographs wait as may."""


class _Waiting(NamedTuple):
  pixels: np.ndarray
  told: Future[tuple[np.ndarray, np.ndarray]]


class Batches:
  """A thread that calls the network for whoever asks; `end` it.

  Args:
    predict: see photos.score.
    size: photographs of one call.
    most: photographs that may wait.
  """

  def __init__(self, predict: Predict, size: int, most: int):
    self._predict, self._size = predict, size
    self._waiting: queue.Queue[_Waiting | None] = queue.Queue(most)
    self._thread = threading.Thread(target=self._run, name="batches", daemon=True)
    self._thread.start()

  def __len__(self) -> int:
    """How many photographs wait."""
    return self._waiting.qsize()

  def add(self, pixels: np.ndarray) -> Future[tuple[np.ndarray, np.ndarray]]:
    """[s, s, 3] uint8 -> a future of its vector [b + k] and coordinates [m]; or Full is raised."""
    waiting = _Waiting(pixels, Future())
    try:
      self._waiting.put_nowait(waiting)
    except queue.Full:
      raise Full from None
    return waiting.told

  def end(self) -> None:
    """Ends once everything that waits is told."""
    self._waiting.put(None)
    self._thread.join()

  def _run(self) -> None:
    while (first := self._waiting.get()) is not None:
      batch, over = [first], False
      while len(batch) < self._size and not over:
        try:
          more = self._waiting.get(timeout=MORE_COMES)
        except queue.Empty:
          break
        over = more is None
        batch += [] if more is None else [more]
      self._call([each for each in batch if each.told.set_running_or_notify_cancel()])
      if over:
        return

  def _call(self, batch: list[_Waiting]) -> None:
    if not batch:
      return
    try:
      vectors, coordinates = self._predict(np.stack([each.pixels for each in batch]))
    except Exception as error:  # whoever asked is told; the next call may do
      for each in batch:
        each.told.set_exception(error)
      return
    for each, vector, row in zip(batch, vectors, coordinates, strict=True):
      each.told.set_result((vector, row))
