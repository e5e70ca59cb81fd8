"""What every verb shares: the list of them, the config that is printed, and a config's path."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from launch import cli_errors
from paiaa_jax.errors import UserError

ROOT = Path(__file__).parents[2]


def start(*words, cwd=ROOT, env=None):
  command = [sys.executable, "-m", *words]
  return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


def test_every_verb_is_listed_with_what_it_does(child_env):
  listed = start("launch", env=child_env)
  assert listed.returncode == 0
  names = [line.split()[0] for line in listed.stdout.splitlines() if line.startswith("  ")]
  starts = 'if __name__ == "__main__"'
  expected = [p.stem for p in (ROOT / "launch").glob("[!_]*.py") if starts in p.read_text()]
  assert names == sorted(expected) and {"train", "evaluate"} < set(names)
  assert all(len(line.split()) > 4 for line in listed.stdout.splitlines() if line.startswith("  "))


@pytest.mark.parametrize("words", [["launch"], ["launch.features", "--help"]])
def test_a_reader_that_has_gone_is_no_fault_of_ours(words, child_env):
  read, write = os.pipe()
  os.close(read)  # as `head` does once it has its lines
  command = [sys.executable, "-m", *words]
  done = subprocess.run(
    command, cwd=ROOT, env=child_env, stdout=write, stderr=subprocess.PIPE, check=False
  )
  os.close(write)
  assert (done.returncode, done.stderr) == (1, b"")


def test_a_config_is_printed_with_its_overrides_and_no_workdir_is_asked_for(child_env):
  config = ["--config=configs/quickstart.py", "--config.optim.steps=7", "--print_config"]
  done = start("launch.train", *config, env=child_env)
  assert done.returncode == 0 and "steps: 7" in done.stdout and "lr_heads: 0.0003" in done.stdout


def test_a_config_is_found_from_any_folder_and_a_wrong_one_has_a_suggestion(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  found = cli_errors._known_config("--config=configs/ava.py:densenet121")
  assert found == f"--config={ROOT / 'configs/ava.py'}:densenet121"
  assert cli_errors._known_config("--config.seed=1") == "--config.seed=1"
  own = tmp_path / "mine.py"
  own.write_text("")
  assert cli_errors._known_config("--config=mine.py") == "--config=mine.py"
  with pytest.raises(UserError, match=r"no config file flickr.py; did you mean configs/.*flickr"):
    cli_errors._known_config("--config=flickr.py")
