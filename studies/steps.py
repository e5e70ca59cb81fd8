"""Work that is done once: each piece leaves a mark that says what it rests on, and is not redone.

A mark of another command line, of a config that has changed since, or of work that rests on other
work, does not count. What the work prints goes into a log beside its mark, and what it says on
stderr through to the terminal.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from studies import config_file

ENVIRONMENT = {
  "JAX_COMPILATION_CACHE_DIR": str(Path(".jax_cache").absolute()),
  # XLA's CPU backend takes fresh memory each step; huge pages save a third of a step's time.
  "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}


def run(
  mark: Path,
  what: str,
  command: list[str],
  work: Callable[[], None] | None = None,
  *,
  after: str = "",
  again: bool = False,
) -> str:
  """Runs `python -m` command, unless `mark` says that this has been done.

  Exits with the command's own code where that is not 0.

  Args:
    mark: file that appears when the command has ended well; its log lies beside it.
    what: in words, for the terminal.
    command: module and flags.
    work: does in this process what the command would do in another; None runs the command.
    after: what the work rests on: what `run` returned for earlier work.
    again: runs it whatever the mark says, and what it prints goes to the terminal.

  Returns:
    What the mark holds.
  """
  line = shlex.join(["python", "-m", *command])
  done = "\n".join([line, *_configs(command), *_digests(after)])
  if not again and mark.exists() and mark.read_text() == done:
    return done
  mark.parent.mkdir(parents=True, exist_ok=True)
  _say(f"== {what}\n   {line}")
  start = time.monotonic()
  with open(mark.with_name(mark.name + ".log"), "w") as log:
    if work is None:
      status = _subprocess(command, None if again else log)
    else:
      with contextlib.redirect_stdout(log):
        work()
      status = 0
  if status:
    _say(f"error: stopped at '{what}' (exit code {status}); the same command goes on from here.")
    sys.exit(status)
  _say(f"   {time.monotonic() - start:.0f} s")
  mark.write_text(done)
  return done


def _configs(command: list[str]) -> list[str]:
  """The config that the command names, as it is now: a run config is a program and may change."""
  paths = [flag.partition("=")[2] for flag in command if flag.startswith("--config=")]
  return [f"config {config_file.load(path).to_json()}" for path in paths]


def _digests(after: str) -> list[str]:
  return [f"after {hashlib.sha256(after.encode()).hexdigest()}"] if after else []


def _subprocess(command: list[str], stdout) -> int:
  environment = {**ENVIRONMENT, **os.environ}
  line = [sys.executable, "-m", *command]
  return subprocess.run(line, env=environment, stdout=stdout, check=False).returncode


def _say(text: str) -> None:
  print(text, file=sys.stderr, flush=True)
