"""SIGKILL at twenty moments spread over a command's whole run: the next run ends as if alone."""

import random
import shutil
import signal
import subprocess
import time

import pytest

from tests.soak import commands

KILLS = 20


@pytest.fixture(scope="module")
def source(tmp_path_factory, model_path, child_env):
  return commands.make_place(tmp_path_factory.mktemp("source"), model_path, child_env)


def copied(source, folder):
  place = source._replace(photos=folder / "photos", out=folder / "out")
  shutil.copytree(source.photos, place.photos)
  place.out.mkdir()
  return place


def run(command, env):
  done = subprocess.run(command, cwd=commands.ROOT, env=env, capture_output=True, text=True)
  assert done.returncode == 0, done.stderr[-2000:]


def killed(command, env, after):
  """True if it still ran after so many seconds."""
  process = subprocess.Popen(
    command, cwd=commands.ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
  )
  time.sleep(after)
  process.send_signal(signal.SIGKILL)
  return process.wait() == -signal.SIGKILL


@pytest.mark.soak
@pytest.mark.parametrize("command", [commands.score, commands.stars, commands.prepare])
def test_killed_anywhere_it_ends_the_same(source, tmp_path, child_env, tell, command):
  whole = copied(source, tmp_path / "whole")
  run(command(whole), child_env)
  start = time.monotonic()
  run(command(copied(source, tmp_path / "timed")), child_env)
  longest = time.monotonic() - start
  expected, rng, struck, lost = commands.written(whole), random.Random(0), [], []
  while len(struck) < KILLS:
    place = copied(source, tmp_path / f"try{len(struck)}")
    after = longest * (len(struck) + rng.random()) / KILLS
    if killed(command(place), child_env, after):
      run(command(place), child_env)
      if commands.written(place) != expected or commands.originals(place) != commands.originals(
        source
      ):
        lost.append(after)
      struck.append(after)
    else:
      longest *= 0.98  # it ended before: the machine is faster now
    shutil.rmtree(place.photos.parent)
  tell(f"SIGKILL in {command.__doc__.lower()[:-1]}", KILLS, len(lost), f"0 to {longest:.1f} s")
  assert not lost
