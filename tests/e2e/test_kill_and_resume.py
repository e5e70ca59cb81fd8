"""A run killed at any moment, also inside a save, ends with the same bits as one left alone."""

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


@pytest.fixture
def start(folders, child_env, tmp_path):
  """Starts the tiny run in a workdir, as a process of its own.

  A kill may leave half a file in the compile cache, so these runs have one of their own.
  """
  cache = {
    "JAX_COMPILATION_CACHE_DIR": str(folders[0].parent / "cache"),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
  }

  def start_(workdir):
    command = tiny.command(folders, workdir, STEPS, checkpoint__every=4, train__eval_every=30)
    with (tmp_path / "log.txt").open("a") as log:
      return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=child_env | cache)

  return start_


def weights(workdir):
  return (workdir / "model" / "model.safetensors").read_bytes()


def finish(process, tmp_path):
  assert process.wait(timeout=300) == 0, (tmp_path / "log.txt").read_text()[-2000:]


def kill_inside_a_save(process, checkpoints, rng):
  """SIGKILL as soon as a checkpoint has begun and has not ended. True if it was still running."""
  while process.poll() is None:
    if any(checkpoints.glob("*tmp*")):
      process.send_signal(signal.SIGKILL)
      break
    time.sleep(0.001)
  return process.wait() == -signal.SIGKILL


def kill_at_random(process, checkpoints, rng):
  """SIGKILL up to two seconds after the first step could have begun."""
  while process.poll() is None and not checkpoints.exists():
    time.sleep(0.01)
  time.sleep(rng.uniform(0, 2))
  process.send_signal(signal.SIGKILL)
  return process.wait() == -signal.SIGKILL


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.soak)])
def test_killed_runs_end_with_the_same_bits(start, tmp_path, kills):
  whole = tmp_path / "whole"
  finish(start(whole), tmp_path)
  rng, killed, runs = random.Random(kills), 0, 0
  while killed < kills:  # a run that ends before its next kill is compared, and another begun
    runs += 1
    workdir = tmp_path / f"killed{runs}"
    while killed < kills and not (workdir / "model" / "model.safetensors").exists():
      kill = kill_inside_a_save if killed % 2 == 0 else kill_at_random
      killed += kill(start(workdir), workdir / "checkpoints", rng)
    finish(start(workdir), tmp_path)
    assert weights(workdir) == weights(whole)
  assert "cannot be read" not in (tmp_path / "log.txt").read_text()


def test_sigterm_ends_with_its_own_exit_code_and_the_next_start_goes_on(start, tmp_path):
  whole, stopped = tmp_path / "whole", tmp_path / "stopped"
  finish(start(whole), tmp_path)
  process = start(stopped)
  while process.poll() is None and not any(stopped.glob("checkpoints/*")):
    time.sleep(0.001)
  process.terminate()
  assert process.wait(timeout=120) == 75
  assert "stopped by SIGTERM after step" in (tmp_path / "log.txt").read_text()
  finish(start(stopped), tmp_path)
  assert weights(stopped) == weights(whole)
