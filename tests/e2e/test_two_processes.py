"""Two processes of four devices, joined over loopback, equal one process of eight.

A batch of 2 x 7 images, which neither can share evenly, is padded.
"""

import json
import os
import socket
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.training import tiny

ROOT = Path(__file__).parents[2]
STEPS = 12


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
  return tiny.write_folders(tmp_path_factory.mktemp("prepared"))


@pytest.fixture(scope="module")
def start(folders):
  """Starts a run over that many processes, eight devices in all; logs lie beside the workdir."""

  def start_(workdir, processes):
    env = os.environ | {
      "JAX_PLATFORMS": "cpu",
      "JAX_NUM_CPU_DEVICES": str(8 // processes),
      "JAX_COMPILATION_CACHE_DIR": str(folders[0].parent / "cache"),
      "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    every = {"checkpoint__every": 4, "train__eval_every": 6}
    command = tiny.command(folders, workdir, STEPS, optim__batch_size=7, **every)
    join = [f"--coordinator=localhost:{free_port()}", f"--num_processes={processes}"]
    children = []
    for process in range(processes):
      more = [*join, f"--process_id={process}"] if processes > 1 else []
      with (workdir.parent / f"log{process}.txt").open("a") as log:
        child = subprocess.Popen([*command, *more], cwd=ROOT, stdout=log, stderr=log, env=env)
      children.append(child)
    return children

  return start_


@pytest.fixture(scope="module")
def one(start, tmp_path_factory):
  """The workdir of a run of one process."""
  folder = tmp_path_factory.mktemp("one")
  wait(start(folder / "run", 1), folder)
  return folder / "run"


def free_port():
  with socket.socket() as probe:
    probe.bind(("localhost", 0))
    return str(probe.getsockname()[1])


def wait(children, tmp_path, code=0):
  codes = [child.wait(timeout=300) for child in children]
  logs = "".join(path.read_text()[-3000:] for path in tmp_path.glob("log*.txt"))
  assert codes == [code] * len(children), logs


def assert_same_run(a, b):
  """Weights and the last validation metrics agree to rounding."""
  one, two = (load_file(folder / "model/model.safetensors") for folder in (a, b))
  assert one.keys() == two.keys()
  for name in one:
    np.testing.assert_allclose(one[name], two[name], rtol=1e-3, atol=2e-5, err_msg=name)
  one, two = (validation(folder) for folder in (a, b))
  assert one.keys() == two.keys()
  for name in one:
    np.testing.assert_allclose(one[name], two[name], rtol=1e-3, atol=1e-3, err_msg=name)


def validation(workdir):
  lines = map(json.loads, (workdir / "metrics.jsonl").read_text().splitlines())
  return [line for line in lines if "validation/srcc" in line][-1] | {"time": 0}


def test_two_processes_train_and_evaluate_as_one(start, one, tmp_path):
  wait(start(tmp_path / "two", 2), tmp_path)
  assert_same_run(one, tmp_path / "two")


@pytest.mark.parametrize(("first", "second"), [(2, 1), pytest.param(1, 2, marks=pytest.mark.soak)])
def test_a_checkpoint_of_one_opens_in_the_other(start, one, tmp_path, first, second):
  """SIGTERM to one process stops all of them at the same step; other processes go on from there."""
  moved = tmp_path / "moved"
  children = start(moved, first)
  while children[-1].poll() is None and not list(moved.glob("checkpoints/[0-9]")):
    time.sleep(0.001)
  children[-1].terminate()
  wait(children, tmp_path, code=75)
  wait(start(moved, second), tmp_path)
  assert_same_run(one, moved)
