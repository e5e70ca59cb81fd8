"""Compiled programs, kept for later runs of the same process of the same kind.

Tracing and compiling a step takes as long as a few dozen small steps; folds and tables of a
reproduction are many short runs of few kinds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from typing import TypeVar

import jax
from ml_collections import ConfigDict

from paiaa_jax.training.setup import Run

Program = TypeVar("Program")
_kept: dict[Hashable, object] = {}


def once(key: Hashable, compile_it: Callable[[], Program]) -> Program:
  """What `compile_it` returned for this key the first time."""
  if key not in _kept:
    _kept[key] = compile_it()
  return _kept[key]


def step_key(run: Run, config: ConfigDict, shapes: object) -> Hashable:
  """Equal for runs whose training steps are the same program, whatever their seeds and data.

  Args:
    shapes: of a batch.
  """
  fields = (config.optim.to_dict(), config.train.to_dict())
  lengths = (run.images, run.total_steps, run.epoch_steps)
  leaves = tuple((leaf.shape, str(leaf.dtype)) for leaf in jax.tree.leaves(shapes))
  return "train", run.network, run.mesh, lengths, leaves, json.dumps(fields, sort_keys=True)


def network_key(run: Run, what: str) -> Hashable:
  """Equal for runs of one network on the same devices."""
  return what, run.network, run.mesh
