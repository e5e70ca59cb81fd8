"""Compiled steps that several trainings of one process share.

Tracing and compiling a step takes as long as a few dozen small steps; the folds and tables of a
reproduction are many short runs of few kinds.
"""

from __future__ import annotations

import collections
import json
from collections.abc import Callable, Hashable
from typing import Any

import jax
from ml_collections import ConfigDict

from paiaa_jax.training.setup import Run


class Programs:
  """Compiled steps by what they depend on; the one that was not used for longest goes first."""

  def __init__(self, limit: int = 32):
    """
    Args:
      limit: number of steps that are kept; each keeps its network's code, and no weights.
    """
    self._limit = limit
    self._kept: collections.OrderedDict[Hashable, Callable] = collections.OrderedDict()

  def train_step(
    self, run: Run, config: ConfigDict, shapes: Any, compile_step: Callable[[], Callable]
  ) -> Callable:
    """The training step of a run; runs that differ in seed and data alone have the same one.

    Args:
      run: setup.prepare's.
      config: of the run.
      shapes: of a batch.
      compile_step: makes the step where none is kept.
    """
    fields = json.dumps((config.optim.to_dict(), config.train.to_dict()), sort_keys=True)
    lengths = (run.images, run.total_steps, run.epoch_steps)
    leaves = tuple((leaf.shape, str(leaf.dtype)) for leaf in jax.tree.leaves(shapes))
    return self._get(("train", run.network, run.mesh, lengths, leaves, fields), compile_step)

  def eval_step(self, run: Run, compile_step: Callable[[], Callable]) -> Callable:
    """The evaluation step of a run; all runs of one network and mesh have the same one."""
    return self._get(("evaluate", run.network, run.mesh), compile_step)

  def _get(self, key: Hashable, compile_step: Callable[[], Callable]) -> Callable:
    if key not in self._kept:
      self._kept[key] = compile_step()
    self._kept.move_to_end(key)
    while len(self._kept) > self._limit:
      self._kept.popitem(last=False)
    return self._kept[key]
