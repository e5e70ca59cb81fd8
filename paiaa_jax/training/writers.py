"""Where metrics go: WRITERS, and a progress bar or lines; by process 0 alone.

Another place is a class with the methods of Writer, and its name in WRITERS.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import jax
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from paiaa_jax import files
from paiaa_jax.training.events import EventWriter

LINE_EVERY = 10.0  # seconds, where stderr is no terminal


class Writer(Protocol):
  """Made once a run by (workdir, first_step): what was written past that step no longer counts."""

  def write(self, step: int, metrics: dict[str, float]) -> None:
    """Writes the metrics of a step through to the disk; an OSError becomes the user's."""

  def close(self) -> None:
    """Closes what is open; what was written stays."""


class JsonLines:
  """metrics.jsonl: a line is {"step": ..., "time": seconds since 1970, metric: number or null}."""

  def __init__(self, workdir: Path, first_step: int):
    path = workdir / "metrics.jsonl"
    drop_after(path, first_step)
    self._lines = path.open("ab", buffering=0)  # a full disk shows at once, not at close

  def write(self, step: int, metrics: dict[str, float]) -> None:
    """One line; a value that is not finite is null."""
    line: dict[str, float | None] = {"step": step, "time": round(time.time(), 3)}
    line |= {name: value if math.isfinite(value) else None for name, value in metrics.items()}
    self._lines.write((json.dumps(line) + "\n").encode())

  def close(self) -> None:
    """Closes the file."""
    self._lines.close()


WRITERS: list[Callable[[Path, int], Writer]] = [JsonLines, EventWriter]


class MetricWriter:
  """Hands metrics of a run to all WRITERS, and shows how far it is."""

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
    with files.writing(f"the metrics in {workdir}"):
      self._writers = [make(workdir, first_step) for make in WRITERS] if enabled else []

  def write(self, step: int, metrics: dict[str, float]) -> None:
    """Writes them everywhere.

    Raises:
      UserError: where the disk is full.
    """
    if not self._enabled:
      return
    with files.writing(f"the metrics of step {step}"):
      for writer in self._writers:
        writer.write(step, metrics)
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
    for writer in self._writers:
      writer.close()


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
