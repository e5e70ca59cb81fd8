"""Where metrics go: metrics.jsonl, TensorBoard events, a progress bar or lines; by process 0 alone.

A line of metrics.jsonl is {"step": ..., "time": seconds since 1970, metric: number, ...}.
"""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path

import jax
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from paiaa_jax import files
from paiaa_jax.training.events import EventWriter

LINE_EVERY = 10.0  # seconds, where stderr is no terminal


class MetricWriter:
  """Appends metrics of a run; a resumed run first drops what was logged past its first step."""

  def __init__(self, workdir: Path, first_step: int, total_steps: int):
    """
    Args:
      workdir: of the run; exists.
      first_step: step from which the run goes on.
      total_steps: length of the progress bar.
    """
    self._enabled = enabled = jax.process_index() == 0
    self._total, self._note, self._told = total_steps, "", time.monotonic()
    self._in_pipe = enabled and not sys.stderr.isatty()
    self._progress = _progress_bar(enabled)
    self._bar = self._progress.add_task(
      "training", total=total_steps, completed=first_step, note=""
    )
    self._progress.start()
    if enabled:
      path = workdir / "metrics.jsonl"
      with files.writing(path):
        drop_after(path, first_step)
        self._lines = path.open("ab", buffering=0)  # a full disk shows at once, not at close
        self._events = EventWriter(workdir, first_step)

  def write(self, step: int, metrics: dict[str, float]) -> None:
    """One line, and one event a metric; a non-finite value is null in the line.

    Raises:
      UserError: where the disk is full.
    """
    if not self._enabled:
      return
    line: dict[str, float | None] = {"step": step, "time": round(time.time(), 3)}
    line |= {name: value if math.isfinite(value) else None for name, value in metrics.items()}
    with files.writing(f"the line of step {step} in metrics.jsonl"):
      self._lines.write((json.dumps(line) + "\n").encode())
      self._events.add(step, metrics)
    if "loss" in metrics:
      self._note = f"loss {metrics['loss']:.4g}"
      self._progress.update(self._bar, note=self._note)
    if "compile_seconds" in metrics:
      self._say(step, f"compiled in {metrics['compile_seconds']:.0f} s")

  def advance(self, step: int) -> None:
    """Moves the progress bar to `step` steps done."""
    self._progress.update(self._bar, completed=step)
    if time.monotonic() - self._told >= LINE_EVERY:
      self._say(step, self._note)

  def tell(self, text: str) -> None:
    """One line on stderr, above the bar."""
    if self._enabled:
      self._progress.console.print(text)

  def _say(self, step: int, text: str) -> None:
    """A line of progress where there is no terminal for a bar."""
    self._told = time.monotonic()
    if self._in_pipe:
      print(f"step {step} of {self._total}  {text}".rstrip(), file=sys.stderr, flush=True)

  def close(self) -> None:
    """Takes the progress bar away and closes the files."""
    self._progress.stop()
    if self._enabled:
      self._lines.close()
      self._events.close()


def drop_after(path: Path, step: int) -> None:
  """Removes lines past `step`, and a line that a killed process left half written."""
  if not path.exists():
    return
  kept = []
  for line in path.read_text().splitlines():
    try:
      if json.loads(line)["step"] <= step:
        kept.append(line + "\n")
    except json.JSONDecodeError:
      continue
  files.write_text(path, "".join(kept))


def _progress_bar(enabled: bool) -> Progress:
  """A bar on stderr; quiet where stderr is not a terminal."""
  columns = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeRemainingColumn(),
    TextColumn("{task.fields[note]}"),
  )
  quiet = not (enabled and sys.stderr.isatty())
  return Progress(*columns, console=Console(stderr=True), disable=quiet)
