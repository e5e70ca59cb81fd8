"""No verb opens a socket: told by the system's own record of what a process asks of it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def sockets(tmp_path, child_env):
  """sockets(*arguments) -> lines in which a Python process with these arguments opened a socket."""
  program = shutil.which("strace")
  if not program:
    pytest.skip("strace is not installed")
  log = tmp_path / "calls"
  trace = [program, "-f", "-qq", "-e", "trace=network", "-o", str(log), sys.executable]
  if subprocess.run([*trace, "-c", ""], check=False, capture_output=True).returncode:
    pytest.skip("this system lets no process be traced")

  def traced(*arguments):
    command = [*trace, *map(str, arguments)]
    subprocess.run(command, cwd=ROOT, env=child_env, check=True, capture_output=True)
    return [line for line in log.read_text().splitlines() if "socket(" in line]

  return traced


def test_the_record_shows_a_socket(sockets):
  assert sockets("-c", "import socket; socket.socket()")


def test_neither_scoring_nor_learning_nor_ranking_opens_a_socket(
  sockets, photos, model_path, tmp_path
):
  ratings, profile = tmp_path / "ratings.csv", tmp_path / "me.json"
  rows = [f"{path},{i % 5 + 1}" for i, path in enumerate(sorted(photos.iterdir()))]
  ratings.write_text("\n".join(["path,rating", *rows]))
  own = ["--model", model_path, "--cache", tmp_path / "cache.sqlite"]
  paiaa = ["-m", "tests.photos.tiny_model"]
  assert not sockets(*paiaa, "score", photos, *own, "-o", tmp_path / "scores.csv")
  assert not sockets(*paiaa, "personalize", ratings, *own, "-o", profile)
  assert not sockets(*paiaa, "rank", photos, *own, "--profile", profile, "-o", tmp_path / "r.csv")
  assert not sockets("-c", "import paiaa_jax; paiaa_jax.load")
