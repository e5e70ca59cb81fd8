"""Checkpoints: Orbax, written in the background, restored onto any number of devices.

<folder>/<step>/ holds the state, which has the step in it (the data iterators' only state), the
metrics of that step's evaluation, and a fingerprint of the state that a restore checks.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import math
import shutil
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, cast

import jax
import orbax.checkpoint as ocp
from orbax.checkpoint.checkpoint_managers import preservation_policy

from paiaa_jax import files
from paiaa_jax.errors import UserError
from paiaa_jax.training.fingerprint import fingerprint

REASON = 200  # characters of why a checkpoint cannot be read; the storage library tells thousands
METRICS = Path("metrics", "metrics")  # where Orbax keeps those of a step, as JSON
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
      UserError: where the folder cannot be written.
    """
    self._folder = folder
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
    _drop_unreadable_metrics(folder)
    with files.writing(folder):
      self._manager = ocp.CheckpointManager(folder, options=options)

  def save(self, step: int, state: Any, metrics: dict[str, float]) -> None:
    """Starts saving `state`; returns once its arrays may be donated.

    Args:
      step: of the state.
      state: arrays of any sharding.
      metrics: of the state's evaluation; empty where it was not evaluated.

    Raises:
      UserError: where this or the save before it cannot be written; what was kept stays.
    """
    items = ocp.args.Composite(
      state=ocp.args.StandardSave(state),
      # any JSON value is written, whatever its type says
      fingerprint=ocp.args.JsonSave(fingerprint(state)),  # ty: ignore[invalid-argument-type]
    )
    with self._writing():
      _check_space(self._folder, state)
      self._manager.save(step, args=items, metrics=metrics)

  def evaluated(self, step: int) -> bool:
    """Whether this checkpoint holds the metrics of an evaluation."""
    return bool(self._manager.metrics(step))

  def add_metrics(self, step: int, metrics: dict[str, float]) -> None:
    """Adds the evaluation of a checkpoint that was saved without one; raises as `save` does."""
    with self._writing():
      if jax.process_index() == 0:
        files.write_text(self._folder / str(step) / METRICS, json.dumps(metrics))
      ocp.multihost.sync_global_processes("checkpoint_metrics")
      self._manager.reload()

  def wait(self) -> None:
    """Returns once everything is on disk; raises as `save` does."""
    with self._writing():
      self._manager.wait_until_finished()

  def restore_newest(self, abstract_state: Any) -> Any | None:
    """The newest whole state, or None where there is no checkpoint.

    Newer ones that cannot be read are moved to <folder>_corrupt. Where none can, nothing is moved:
    it may be the program that has changed, and not the files.

    Args:
      abstract_state: leaves with shape, type and sharding (sharding.abstract).

    Raises:
      UserError: where there are checkpoints and none can be read.
    """
    unreadable: dict[int, str] = {}
    for step in reversed(self.steps):
      try:
        state = self.restore(step, abstract_state)
      except Exception as error:  # of a broken array Orbax raises a bare one
        unreadable[step] = str(error).partition("\n")[0][:REASON]
        continue
      for broken, reason in unreadable.items():
        folder = self._set_aside(broken)
        logging.warning("checkpoint %d cannot be read (%s); moved into %s", broken, reason, folder)
      return state
    if unreadable:
      reasons = "; ".join(f"{step}: {reason}" for step, reason in unreadable.items())
      raise UserError(
        f"no checkpoint of {self._folder} can be read ({reasons}). Go on with the version of this "
        "program that wrote them, or start in another --workdir."
      )
    return None

  def restore(self, step: int, abstract_state: Any) -> Any:
    """The state of one checkpoint; an exception of any type where it is not whole."""
    items = ocp.args.Composite(
      state=ocp.args.StandardRestore(abstract_state), fingerprint=ocp.args.JsonRestore()
    )
    restored = cast(Any, self._manager.restore(step, args=items))
    if fingerprint(restored.state) != restored.fingerprint:
      raise UserError(f"{self._folder / str(step)} is damaged: its content is not what was saved.")
    return restored.state

  @property
  def steps(self) -> list[int]:
    """Steps of the checkpoints that are there, in order."""
    return sorted(self._manager.all_steps())

  @property
  def best_step(self) -> int | None:
    """The step of the best evaluated checkpoint, or None where none was evaluated."""
    step = self._manager.best_step()
    return step if step is not None and self._manager.metrics(step) else None

  def close(self) -> None:
    """Waits until what is being saved is on disk."""
    self._manager.close()

  def _set_aside(self, step: int) -> Path:
    """Moves a checkpoint into another folder, so that its step can be saved again."""
    folder = self._folder.with_name(self._folder.name + "_corrupt")
    if jax.process_index() == 0:
      folder.mkdir(exist_ok=True)
      names = (f"{step}.{i}" for i in itertools.count())
      free = next(name for name in names if not (folder / name).exists())
      (self._folder / str(step)).rename(folder / free)
    ocp.multihost.sync_global_processes("checkpoint_set_aside")
    self._manager.reload()
    return folder

  @contextlib.contextmanager
  def _writing(self) -> Generator[None]:
    """What the system refuses in the block becomes a UserError that says what was kept."""
    try:
      yield
    except Exception as error:
      if (reason := files.refusal(error)) is None:
        raise
      kept = sorted(int(path.name) for path in self._folder.glob("*") if path.name.isdigit())
      last = f"the last good one is step {kept[-1]}" if kept else "there is none yet"
      raise UserError(
        f"cannot write a checkpoint into {self._folder}: {reason}; {last}."
      ) from error


def _check_space(folder: Path, state: Any) -> None:
  """Raises OSError where `state` does not fit: Orbax would tell of it in hundreds of lines."""
  needed = sum(leaf.nbytes for leaf in jax.tree.leaves(state))
  free = shutil.disk_usage(folder).free
  if free < needed:
    raise OSError(
      f"No space left: a checkpoint takes {needed / 1e6:.4g} MB, {free / 1e6:.4g} are free"
    )


def _goodness(metric: str) -> Callable[[dict[str, float]], float]:
  """Metrics of a checkpoint -> how good it is by `metric`; -inf where that is absent or NaN."""
  sign = -1.0 if metric in LOWER_IS_BETTER else 1.0

  def goodness(metrics: dict[str, float]) -> float:
    value = metrics.get(metric, math.nan)
    return -math.inf if math.isnan(value) else sign * value

  return goodness


def _drop_unreadable_metrics(folder: Path) -> None:
  """A checkpoint can be restored without its metrics, but the manager would stop at broken ones."""
  for path in folder.glob(f"*/{METRICS}"):
    try:
      json.loads(path.read_text())
    except ValueError:
      logging.warning("metrics of checkpoint %s cannot be read; left out", path.parts[-3])
      path.unlink(missing_ok=True)
