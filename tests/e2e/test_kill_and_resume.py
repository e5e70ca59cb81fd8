"""A run killed at any moment, also inside a save, ends with the same bits as one left alone."""

import functools
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.training import tiny

STEPS = 60
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
  return tiny.write_folders(tmp_path_factory.mktemp("prepared"))


@pytest.fixture(scope="module")
def start(folders, child_env):
  """Starts the tiny run in a workdir, as a process of its own; it logs beside the workdir.

  A kill may leave half a file in the compile cache, so these runs have one of their own.
  """
  cache = {
    "JAX_COMPILATION_CACHE_DIR": str(folders[0].parent / "cache"),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
  }

  def start_(workdir, steps=STEPS, **changes):
    changes = {"checkpoint__every": 4, "train__eval_every": 30} | changes
    command = tiny.command(folders, workdir, steps, **changes)
    with log_of(workdir).open("a") as log:
      return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=child_env | cache)

  return start_


@pytest.fixture(scope="module")
def whole(start, tmp_path_factory):
  """The weights of a run that nothing stops."""
  workdir = tmp_path_factory.mktemp("whole") / "run"
  finish(start(workdir), workdir)
  return weights(workdir)


def log_of(workdir):
  """One for all runs in a folder."""
  return workdir.with_name("log.txt")


def weights(workdir):
  return (workdir / "model" / "model.safetensors").read_bytes()


def finish(process, workdir):
  assert process.wait(timeout=300) == 0, log_of(workdir).read_text()[-2000:]


def kill_inside_a_save(process, workdir, rng):
  """SIGKILL once one of the next four checkpoints has begun and has not ended.

  What the kill before left half saved is there at the start, and is not taken for a new one.
  """
  saves, saving = rng.randint(1, 4), True
  while process.poll() is None:
    was, saving = saving, any((workdir / "checkpoints").glob("*tmp*"))
    saves -= saving and not was
    if not saves:
      break
    time.sleep(0.001)
  return kill(process)


def kill_at_random(process, workdir, rng):
  """SIGKILL up to three seconds after the state was made or restored."""
  logs = {*workdir.glob("events*")}
  while process.poll() is None and not {*workdir.glob("events*")} - logs:
    time.sleep(0.01)
  time.sleep(rng.uniform(0, 3))
  return kill(process)


def kill(process):
  """True if it was still running."""
  process.send_signal(signal.SIGKILL)
  return process.wait() == -signal.SIGKILL


def newest(workdir):
  """The step of the newest checkpoint."""
  names = (path.name for path in (workdir / "checkpoints").glob("*"))
  return max((int(name) for name in names if name.isdigit()), default=0)


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.soak)])
def test_killed_runs_end_with_the_same_bits(start, whole, tmp_path, kills):
  rng, struck, runs = random.Random(kills), [], 0
  while len(struck) < kills:  # a run that ends before its next kill is compared, and another begun
    runs += 1
    workdir = tmp_path / f"killed{runs}"
    while len(struck) < kills and not (workdir / "model" / "model.safetensors").exists():
      strike = kill_inside_a_save if len(struck) % 2 == 0 else kill_at_random
      if strike(start(workdir), workdir, rng):
        half = any((workdir / "checkpoints").glob("*tmp*"))
        struck.append((runs, newest(workdir), half))
    finish(start(workdir), workdir)
    assert weights(workdir) == whole
  log = log_of(workdir).read_text()
  assert "cannot be read" not in log
  assert sum(half for *_, half in struck) >= kills / 4, struck  # a save may end as it is struck
  assert len({step for _, step, _ in struck}) >= kills / 4, struck
  print(f"struck at (run, newest checkpoint, half a save beside it): {struck}")


def test_a_killed_vit_ends_with_the_same_bits(start, tmp_path):
  whole, killed = tmp_path / "whole", tmp_path / "killed"
  start_vit = functools.partial(start, steps=24, model__backbone="dinov2_toy_4")
  finish(start_vit(whole), whole)
  assert kill_inside_a_save(start_vit(killed), killed, random.Random(0))
  finish(start_vit(killed), killed)
  assert weights(killed) == weights(whole)


def test_sigterm_ends_with_its_own_exit_code_and_the_next_start_goes_on(start, whole, tmp_path):
  stopped = tmp_path / "stopped"
  process = start(stopped)
  while process.poll() is None and not any(stopped.glob("checkpoints/*")):
    time.sleep(0.001)
  process.terminate()
  assert process.wait(timeout=120) == 75
  assert "stopped by SIGTERM after step" in log_of(stopped).read_text()
  finish(start(stopped), stopped)
  assert weights(stopped) == whole
