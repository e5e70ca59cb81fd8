"""The steps since the last line of metrics: their means, their pace, and whether all were finite.

Metrics stay on the device until the window is read, so that no step waits for the host.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import jax
import numpy as np

from paiaa_jax import files
from paiaa_jax.errors import UserError
from paiaa_jax.types import Array, Batch

T = TypeVar("T")
IN_FLIGHT = 2  # steps that may wait on the device; more would only pile up batches there


class NonFiniteLoss(UserError):
  """The loss of a step is NaN or infinite."""


class Window:
  """Collects steps; `read` gives their means and starts anew."""

  def __init__(self, workdir: Path, images: int, image_names: Callable[[Array], list[str]]):
    """
    Args:
      workdir: where the images of a step without a finite loss are told.
      images: of a step, over all processes.
      image_names: a batch's `index` -> the image keys.
    """
    self._workdir, self._images, self._image_names = workdir, images, image_names
    self.restart()

  def restart(self) -> None:
    """Forgets the steps and sets the clock to zero."""
    self._steps: list[tuple[int, dict[str, Array], Array]] = []
    self._waited = 0.0
    self._start = time.perf_counter()

  def fetch(self, batches: Iterator[T]) -> T:
    """The next batch; the time it took counts as waiting for data."""
    start = time.perf_counter()
    batch = next(batches)
    self._waited += time.perf_counter() - start
    return batch

  def add(self, step: int, metrics: dict[str, Array], batch: Batch) -> None:
    """Notes a step by its metrics, on the device, and its batch, on the host."""
    self._steps.append((step, metrics, batch.index))
    if len(self._steps) > IN_FLIGHT:
      jax.block_until_ready(self._steps[-1 - IN_FLIGHT][1])

  def read(self) -> dict[str, float]:
    """Means over the steps, images_per_second, step_seconds, data_wait_seconds, device_memory_gib.

    Raises:
      NonFiniteLoss: naming the first such step; its images are told in a file of the workdir.
    """
    by_step = jax.device_get([metrics for _, metrics, _ in self._steps])
    seconds = time.perf_counter() - self._start
    for (step, _, index), metrics in zip(self._steps, by_step, strict=True):
      if not math.isfinite(metrics["loss"]):
        raise self._non_finite(step, metrics, index)
    result = {name: float(np.mean([m[name] for m in by_step])) for name in by_step[0]}
    result["images_per_second"] = self._images * len(self._steps) / seconds
    result["step_seconds"] = seconds / len(self._steps)
    result["data_wait_seconds"] = self._waited / len(self._steps)
    result |= _memory()
    self.restart()
    return result

  def _non_finite(self, step: int, metrics: dict, index: Array) -> NonFiniteLoss:
    path = self._workdir / f"non_finite_step_{step}_process_{jax.process_index()}.json"
    content = {
      "step": step,
      "metrics": {name: str(value) for name, value in metrics.items()},
      "images": self._image_names(index),
    }
    files.write_json(path, content)
    return NonFiniteLoss(
      f"the loss of step {step} is {metrics['loss']}; its images are named in {path}; "
      "lower optim.lr_*, or set optim.clip_norm."
    )


def _memory() -> dict[str, float]:
  """Peak memory of the first local device, in GiB, where the device tells."""
  stats = jax.local_devices()[0].memory_stats() or {}
  peak = stats.get("peak_bytes_in_use")
  return {} if peak is None else {"device_memory_gib": peak / 2**30}
