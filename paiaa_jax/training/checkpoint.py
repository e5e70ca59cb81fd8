"""Checkpoints: Orbax, written in the background, restored onto any number of devices.

<folder>/<step>/ holds the state, which has the step in it (the data iterators' only state), the
metrics of that step's evaluation, and a fingerprint of the state that a restore checks.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
from orbax.checkpoint.checkpoint_managers import preservation_policy

from paiaa_jax.training import orbax_noise
from paiaa_jax.types import Array

LOWER_IS_BETTER = ("loss_aesthetics", "loss_auxiliary", "rmse", "emd")


class Checkpoints:
  """The checkpoints of one run: its last `keep`, and the best by a metric."""

  def __init__(self, folder: Path, *, keep: int, best: str):
    """
    Args:
      folder: absolute; made where absent.
      keep: number of newest checkpoints that stay.
      best: metric, measured on the validation split, by which one more stays.

    Raises:
      ValueError: where the folder cannot be written.
    """
    self._folder = folder
    orbax_noise.hush()
    goodness = _goodness(best)
    policies = [
      preservation_policy.LatestN(keep),
      preservation_policy.BestN(
        get_metric_fn=goodness, n=1, keep_checkpoints_without_metrics=False
      ),
    ]
    options = ocp.CheckpointManagerOptions(
      best_fn=goodness,
      preservation_policy=preservation_policy.AnyPreservationPolicy(policies),
      cleanup_tmp_directories=True,
    )
    try:
      self._manager = ocp.CheckpointManager(folder, options=options)
    except OSError as error:
      raise ValueError(f"cannot write checkpoints into {folder}: {error}") from error

  def save(self, step: int, state: Any, metrics: dict[str, float]) -> None:
    """Starts saving `state`; returns once its arrays may be donated.

    Raises:
      ValueError: where this or the save before it cannot be written; what was kept stays.
    """
    items = ocp.args.Composite(
      state=ocp.args.StandardSave(state),
      fingerprint=ocp.args.JsonSave(int(jax.device_get(_fingerprint(state)))),
    )
    try:
      self._manager.save(step, args=items, metrics=metrics)
    except Exception as error:
      raise self._write_error(error) from error

  def wait(self) -> None:
    """Returns once everything is on disk; raises as `save` does."""
    try:
      self._manager.wait_until_finished()
    except Exception as error:
      raise self._write_error(error) from error

  def restore_newest(self, abstract_state: Any) -> Any | None:
    """The newest whole state, or None where there is no checkpoint.

    A checkpoint that cannot be read is moved to <folder>_corrupt and the one before it is taken.

    Args:
      abstract_state: leaves with shape, type and sharding (parallel.abstract).

    Raises:
      ValueError: where there are checkpoints and none can be read.
    """
    steps = self.steps
    for step in reversed(steps):
      try:
        return self.restore(step, abstract_state)
      except (ValueError, OSError, KeyError) as error:
        reason = str(error).splitlines()[0]
        aside = self._set_aside(step)
        logging.warning("checkpoint %d cannot be read (%s); moved to %s", step, reason, aside)
    if steps:
      raise ValueError(f"none of the {len(steps)} checkpoints of {self._folder} can be read.")
    return None

  def restore(self, step: int, abstract_state: Any) -> Any:
    """The state of one checkpoint; ValueError, OSError or KeyError where it is not whole."""
    items = ocp.args.Composite(
      state=ocp.args.StandardRestore(abstract_state), fingerprint=ocp.args.JsonRestore()
    )
    restored = self._manager.restore(step, args=items)
    if int(jax.device_get(_fingerprint(restored.state))) != restored.fingerprint:
      raise ValueError("its content is not what was saved")
    return restored.state

  @property
  def steps(self) -> list[int]:
    """Steps of the checkpoints that are there, in order."""
    return sorted(self._manager.all_steps())

  @property
  def best_step(self) -> int | None:
    return self._manager.best_step()

  def close(self) -> None:
    self._manager.close()

  def _set_aside(self, step: int) -> Path:
    """Moves a checkpoint out of the way, so that its step can be saved again."""
    aside = self._folder.with_name(self._folder.name + "_corrupt") / str(step)
    if jax.process_index() == 0:
      aside.parent.mkdir(exist_ok=True)
      (self._folder / str(step)).rename(aside)
    ocp.multihost.sync_global_processes("checkpoint_set_aside")
    self._manager.reload()
    return aside

  def _write_error(self, error: Exception) -> ValueError:
    kept = sorted(int(path.name) for path in self._folder.glob("*") if path.name.isdigit())
    last = f"the last good one is step {kept[-1]}" if kept else "there is none yet"
    system = re.search(r"([^:]+) \[os_error_code", str(error))  # as the storage library tells it
    reason = system[1].strip() if system else str(error).splitlines()[0]
    return ValueError(f"cannot write a checkpoint into {self._folder}: {reason}; {last}.")


def restore_backbone(folder: Path, like: dict[str, Any]) -> dict[str, Any]:
  """The backbone of the newest checkpoint of another run, heads and optimiser left unread.

  Args:
    folder: that run's checkpoints.
    like: {"params", "batch_stats"} of the backbone as numpy, for shapes and types.

  Raises:
    FileNotFoundError: where the folder holds no checkpoint.
    ValueError: where it holds another backbone.
  """
  steps = [int(path.name) for path in folder.glob("*") if path.name.isdigit()]
  if not steps:
    raise FileNotFoundError(f"no checkpoint in {folder}.")
  item = {part: {"backbone": leaves} for part, leaves in like.items()}
  with ocp.Checkpointer(ocp.PyTreeCheckpointHandler()) as checkpointer:
    restored = checkpointer.restore(
      folder / str(max(steps)) / "state",
      args=ocp.args.PyTreeRestore(
        item=item,
        restore_args=jax.tree.map(lambda x: ocp.RestoreArgs(restore_type=np.ndarray), item),
        partial_restore=True,
      ),
    )
  return {part: restored[part]["backbone"] for part in like}


def _goodness(metric: str) -> Callable[[dict[str, float]], float]:
  """Metrics of a checkpoint -> how good it is by `metric`; -inf where that is absent or NaN."""
  sign = -1.0 if metric in LOWER_IS_BETTER else 1.0

  def goodness(metrics: dict[str, float]) -> float:
    value = metrics.get(metric, math.nan)
    return -math.inf if math.isnan(value) else sign * value

  return goodness


@jax.jit
def _fingerprint(state: Any) -> Array:
  """A uint32 that changes with any bit of any leaf, and not with the number of devices.

  A sum modulo 2^32 of the leaves' words, each times an odd number of its place.
  """
  total = jnp.zeros((), jnp.uint32)
  for leaf in jax.tree.leaves(state):
    words = jax.lax.bitcast_convert_type(leaf, jnp.uint32).reshape(-1)
    places = 2 * jax.lax.iota(jnp.uint32, words.size) + 1
    total = total * jnp.uint32(31) + jnp.sum(words * places, dtype=jnp.uint32)
  return total
