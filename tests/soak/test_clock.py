"""A clock that jumps back while a run trains: the same bits."""

import subprocess
import sys

import pytest

from tests.soak import commands
from tests.training import tiny

JUMPING = """
import itertools, sys, time
real, calls = time.time, itertools.count()
time.time = lambda: real() - 3600 * (next(calls) // 200)  # an hour, time and again
from launch import cli_errors, train
import tests.training.tiny
sys.argv = ["train", *sys.argv[1:]]
train.define_flags()
cli_errors.run(train.main)
"""


@pytest.mark.soak
def test_a_clock_that_jumps_back_changes_no_bit(tmp_path, child_env, tell):
  folders, found = tiny.write_folders(tmp_path), []
  for name in ("whole", "jumping"):
    command = tiny.command(folders, tmp_path / name, 12, checkpoint__every=4, train__eval_every=6)
    if name == "jumping":
      at = command.index("tests.training.tiny")
      command = [sys.executable, "-c", JUMPING, *command[at + 1 :]]
    done = subprocess.run(
      command, cwd=commands.ROOT, env=child_env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found.append((tmp_path / name / "model" / "model.safetensors").read_bytes())
  tell("a clock that jumps back in training", 1, int(found[0] != found[1]))
  assert found[0] == found[1]
