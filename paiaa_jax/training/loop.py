"""Trains a config in a workdir: wiring, and the loop that steps, logs, evaluates and saves.

<workdir>/config.json, checkpoints/, metrics.jsonl, TensorBoard events, and at the end model/.
"""

from __future__ import annotations

import functools
import time
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import jax
from ml_collections import ConfigDict

from paiaa_jax import files
from paiaa_jax.errors import UserError
from paiaa_jax.training import batches, init_state, resume, setup, sharding
from paiaa_jax.training.checkpoint import Checkpoints
from paiaa_jax.training.evaluate import Evaluator, metric_names
from paiaa_jax.training.event_loops import patient_event_loops
from paiaa_jax.training.export import export
from paiaa_jax.training.preemption import Preempted, Preemption
from paiaa_jax.training.programs import Programs
from paiaa_jax.training.setup import Run
from paiaa_jax.training.step import State, make_train_step
from paiaa_jax.training.step_metrics import Window
from paiaa_jax.training.trace import Trace
from paiaa_jax.training.writers import MetricWriter


def train(
  config: ConfigDict, workdir: str | Path, programs: Programs | None = None
) -> dict[str, float]:
  """Trains, or goes on from the newest checkpoint; returns the last metrics.

  Args:
    config: see configs/base.py.
    workdir: folder of the run, on storage that all processes share.
    programs: compiled steps of earlier trainings of this process, where there are any; this
      training adds its own.

  Raises:
    UserError: for what the user can mend; one line says what and how.
    Preempted: on SIGTERM, once the state is saved; the same start goes on from there.
  """
  files.refuse_address(workdir)
  workdir = Path(workdir).absolute()
  run = setup.prepare(config)
  best = _best_metric(run, config)
  abstract = init_state.abstract_state(run, config)
  resume.claim(workdir, config)  # nothing is written before all that can be checked has been
  with (
    closing(Preemption()) as preemption,  # a SIGTERM while restoring or compiling waits for a step
    patient_event_loops(),
    closing(
      Checkpoints(workdir / "checkpoints", keep=config.checkpoint.keep, best=best)
    ) as checkpoints,
  ):
    state = checkpoints.restore_newest(abstract)
    if state is None:
      state = init_state.initial_state(run, config, abstract)
    first_step = int(jax.device_get(state.step))
    with closing(MetricWriter(workdir, first_step, run.total_steps)) as writer:
      state, results = run_steps(
        run, config, state, workdir, checkpoints, writer, programs or Programs(), preemption
      )
      last_step = int(jax.device_get(state.step))
      checkpoints.wait()
      if config.checkpoint.export == "best" and checkpoints.best_step is not None:
        state = checkpoints.restore(checkpoints.best_step, abstract)
      change = export(run, config, state, workdir / "model")
      writer.write(last_step, change)
  return results | change


def run_steps(
  run: Run,
  config: ConfigDict,
  state: State,
  workdir: Path,
  checkpoints: Checkpoints,
  writer: MetricWriter,
  programs: Programs,
  preemption: Preemption,
) -> tuple[State, dict[str, float]]:
  """From the step in `state` to the last; returns the state and the last evaluation's metrics."""
  first_step = int(jax.device_get(state.step))
  if first_step >= run.total_steps or is_stale(run, config, first_step, checkpoints.best_step):
    return state, {}
  start = time.perf_counter()
  shapes = batches.batch_shapes(run.streams, config, run.train_rows)

  def compile_step():
    jitted = sharding.jit_train_step(_train_step(run, config), state, run.mesh, run.images)
    return sharding.compile_together(jitted, state, shapes)

  train_step = programs.train_step(run, config, shapes, compile_step)
  writer.write(first_step, {"compile_seconds": time.perf_counter() - start})
  evaluate = Evaluator(run, config, state, programs)
  if evaluation_is_missing(run, config, first_step, checkpoints):
    results = evaluate(state)
    writer.write(first_step, {f"validation/{name}": value for name, value in results.items()})
    checkpoints.add_metrics(first_step, results)
  window = Window(workdir, run.images, functools.partial(batches.image_names, run.streams))
  results = {}

  trace = Trace(config.log.profile_steps, workdir)
  rows = batches.train_batches(run.streams, config, first_step, run.train_rows)
  ahead = sharding.put_ahead(rows, run.mesh)
  with closing(trace), closing(rows), closing(ahead):
    for step in range(first_step, run.total_steps):
      trace.at(step, state)
      batch, on_devices = window.fetch(ahead)
      with jax.transfer_guard("disallow"):  # the batch is all that goes in; metrics stay there
        state, metrics = train_step(state, on_devices)
      done = step + 1
      window.add(done, metrics, batch)
      writer.advance(done)

      preempted = preemption.requested(done) and done < run.total_steps
      due = what_is_due(run, config, done, preempted)
      if due.log:
        writer.write(done, window.read() | _rates(run, config, step))
      if due.evaluate:
        results = evaluate(state)
        if results:
          writer.write(done, {f"validation/{name}": value for name, value in results.items()})
      if due.save:
        checkpoints.save(done, state, results if due.evaluate else {})
        window.restart()
      if due.evaluate and is_stale(run, config, done, checkpoints.best_step):
        writer.tell(f"no better {config.checkpoint.best} since step {checkpoints.best_step}: ended")
        break
      if preempted:
        checkpoints.wait()
        raise Preempted(f"stopped by SIGTERM after step {done}; start again to go on.")
  return state, results


def evaluation_is_missing(
  run: Run, config: ConfigDict, step: int, checkpoints: Checkpoints
) -> bool:
  """Whether a run that stopped at `step` would have evaluated there, had it been given the time."""
  eval_every = config.train.eval_every or run.epoch_steps
  due = bool(run.streams.validation) and step > 0 and step % eval_every == 0
  return due and not checkpoints.evaluated(step)


def is_stale(run: Run, config: ConfigDict, done: int, best_step: int | None) -> bool:
  """Whether the best evaluation is train.patience evaluations old; never where that is 0."""
  if not config.train.patience or best_step is None:
    return False
  eval_every = config.train.eval_every or run.epoch_steps
  return done - best_step >= config.train.patience * eval_every


class Due(NamedTuple):
  """What is to be done between two steps."""

  log: bool
  evaluate: bool
  save: bool


def what_is_due(run: Run, config: ConfigDict, done: int, preempted: bool) -> Due:
  """After `done` steps. A state is saved only once its losses were logged, and so seen finite."""
  last = done == run.total_steps
  eval_every = config.train.eval_every or run.epoch_steps
  save_every = config.checkpoint.every or run.epoch_steps
  evaluate = last or (done % eval_every == 0 and not preempted)
  save = evaluate or preempted or done % save_every == 0
  return Due(log=save or done % config.log.every == 0, evaluate=evaluate, save=save)


def _train_step(run: Run, config: ConfigDict):
  return make_train_step(
    run.network,
    run.optimizer,
    tasks=config.train.tasks,
    gamma=config.train.gamma,
    distribution_loss=config.train.distribution_loss,
    batch_norm=config.train.batch_norm,
    norm_groups=config.train.norm_groups,
    ema=config.optim.ema,
  )


def _rates(run: Run, config: ConfigDict, step: int) -> dict[str, float]:
  """The two learning rates of a step, for the log."""
  factor = float(run.schedule(step))
  return {name: getattr(config.optim, name) * factor for name in ("lr_backbone", "lr_heads")}


def _best_metric(run: Run, config: ConfigDict) -> str:
  """The metric of config.checkpoint.best; an auxiliary-only run has srcc_aux for srcc."""
  best = config.checkpoint.best
  if best == "srcc" and config.train.tasks == "auxiliary":
    best = "srcc_aux"
  measured = metric_names(run.streams)
  if measured and best not in measured:
    raise UserError(f"checkpoint.best={best!r} is not measured; one of {', '.join(measured)}.")
  return best
