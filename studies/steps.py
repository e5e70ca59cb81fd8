"""The one runner of the studies: a step is done once, and leaves a mark in the run's folder.

A mark says which command was run, with which config, and what the marks said of the steps that it
rests on. A step whose mark would now say something else is done again. What a step prints goes into
a log beside its mark, and what it says on stderr through to the terminal.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from paiaa_jax import files
from studies import config_file

ENVIRONMENT = {
  "JAX_COMPILATION_CACHE_DIR": str(Path(".jax_cache").absolute()),
  # XLA's CPU backend takes fresh memory each step; huge pages save a third of a step's time.
  "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}


class Command(NamedTuple):
  """`python -m launch.VERB` with its flags: a reader can run it alone.

  Attributes:
    verb: module of launch.
    config: run config, PATH or PATH:ARG; "" for a verb without one.
    fields: of the config, by dotted name.
    flags: all others.
  """

  verb: str
  config: str = ""
  fields: Mapping[str, Any] = {}
  flags: Mapping[str, Any] = {}

  @property
  def words(self) -> list[str]:
    """Module and flags, for `python -m`."""
    said = [f"--config={self.config}"] if self.config else []
    said += [f"--config.{field}={value}" for field, value in self.fields.items()]
    said += [f"--{flag}={value}" for flag, value in self.flags.items()]
    return [f"launch.{self.verb}", *said]

  @property
  def line(self) -> str:
    """As a shell takes it."""
    return shlex.join(["python", "-m", *self.words])

  def resolved(self) -> ConfigDict:
    """Its config with the fields set; a misspelt field is a KeyError."""
    config = config_file.load(self.config).lock()
    config.update_from_flattened_dict(dict(self.fields))
    return config


class Step(NamedTuple):
  """Something to do once.

  Attributes:
    name: of its mark, and with .log of its log.
    what: in words, for the terminal.
    do: a command, or a function of this process.
    after: names of the steps in the same folder that it rests on.
  """

  name: str
  what: str
  do: Command | Callable[[], None]
  after: tuple[str, ...] = ()


def run(
  folder: Path,
  steps: Iterable[Step],
  *,
  here: Mapping[str, Callable[[Command], None]] | None = None,
  place: str = "",
) -> None:
  """Does, in order, what has not been done yet; exits with the code of a command that fails.

  Args:
    folder: of the marks and logs.
    steps: each rests on earlier ones only.
    here: verb -> what does its commands in this process; others get a process each.
    place: said before each step's words.
  """
  for step in steps:
    if is_done(folder, step):
      continue
    mark, said = folder / step.name, _said(folder, step)
    mark.unlink(missing_ok=True)
    line = f"\n   {step.do.line}" if isinstance(step.do, Command) else ""
    tell(f"== {place}{step.what}{line}")
    start = time.monotonic()
    if status := _do(step.do, mark.with_name(f"{mark.name}.log"), here or {}):
      tell(f"error: stopped at '{step.what}' (exit code {status}); the same command goes on here.")
      sys.exit(status)
    tell(f"   {time.monotonic() - start:.0f} s")
    files.write_text(mark, said)


def is_done(folder: Path, step: Step) -> bool:
  """Whether the step's mark says what it would say were the step done now."""
  mark = folder / step.name
  return mark.exists() and mark.read_text(encoding="utf-8") == _said(folder, step)


def _said(folder: Path, step: Step) -> str:
  lines = [step.what]
  if isinstance(step.do, Command):
    lines = [step.do.line]
    if step.do.config:  # a program, which may have changed
      lines.append(f"config {step.do.resolved().to_json()}")
  for name in step.after:
    digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    lines.append(f"after {name} {digest}")
  return "\n".join(lines)


def _do(do: Command | Callable[[], None], log: Path, here: Mapping) -> int:
  """The exit code."""
  with files.writing(log):
    log.parent.mkdir(parents=True, exist_ok=True)
    file = log.open("w", encoding="utf-8")
  with file:
    if isinstance(do, Command) and do.verb not in here:
      environment = {**ENVIRONMENT, **os.environ}
      words = [sys.executable, "-m", *do.words]
      return subprocess.run(words, env=environment, stdout=file, check=False).returncode
    with contextlib.redirect_stdout(file):
      here[do.verb](do) if isinstance(do, Command) else do()
  return 0


def tell(text: str) -> None:
  """A line on stderr, at once."""
  print(text, file=sys.stderr, flush=True)
