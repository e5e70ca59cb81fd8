"""Stopped on two processes of four devices, a run goes on elsewhere and ends with the same bits.

The launch scripts start it, under a srun that starts its tasks here. A batch of 2 x 7 images, which
no processes can share evenly, is padded.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from launch import each_gpu
from tests.launch import fake_cluster
from tests.training import tiny

ROOT = Path(__file__).parents[2]
STEPS, EVERY = 12, 4


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
  """Starts the tiny run under a scheduler: (workdir, command, environment) -> Popen."""
  folder = tmp_path_factory.mktemp("cluster")
  folders = tiny.write_folders(folder / "prepared")
  tools = fake_cluster.install(folder / "bin", replace="tests.training.tiny")
  common = {
    "JAX_PLATFORMS": "cpu",
    "JAX_COMPILATION_CACHE_DIR": str(folder / "cache"),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
  }

  def start(workdir, command, **more):
    changes = dict(optim__batch_size=7, checkpoint__every=EVERY, train__eval_every=STEPS)
    run = tiny.command(folders, workdir, STEPS, **changes)
    flags = run[run.index("tests.training.tiny") + 1 :]
    with log_of(workdir).open("a") as log:
      return subprocess.Popen(
        [*command, *flags],
        cwd=ROOT,
        stdout=log,
        stderr=log,
        env=os.environ | common | tools | more,
        start_new_session=True,
      )

  return start


def slurm(cluster, workdir, *, nodes, gpus):
  """A process a node, each with so many devices."""
  job = fake_cluster.job(nodes=nodes, tasks=nodes, gpus=gpus)
  script = ["bash", "launch/slurm/many_nodes.sh"]
  return cluster(workdir, script, **job, JAX_NUM_CPU_DEVICES=str(gpus))


def kubernetes(cluster, workdir):
  """Two pods, two processes each, two devices each."""
  told = {"COORDINATOR": f"localhost:{each_gpu.free_port()}", "NUM_NODES": "2", "NUM_DEVICES": "8"}
  command = [sys.executable, "-m", "launch.each_gpu", "2", "tests.training.tiny"]
  told["JAX_NUM_CPU_DEVICES"] = "2"
  return [cluster(workdir, command, **told, JOB_COMPLETION_INDEX=str(pod)) for pod in range(2)]


def log_of(workdir):
  return workdir.with_suffix(".txt")


def ends(workdir, *jobs, code=0):
  codes = [job.wait(timeout=300) for job in jobs]
  assert codes == [code] * len(jobs), log_of(workdir).read_text()[-6000:]


def wait_for(pattern, workdir, job):
  """Returns once there is such a file, while the job is at work."""
  while not [path for path in workdir.glob(pattern) if path.stat().st_size]:
    assert job.poll() is None, log_of(workdir).read_text()[-6000:]
    time.sleep(0.001)


def weights(workdir):
  return (workdir / "model" / "model.safetensors").read_bytes()


@pytest.fixture(scope="module")
def whole(cluster, tmp_path_factory):
  """The workdir of a run on two processes that nothing stops."""
  workdir = tmp_path_factory.mktemp("whole") / "run"
  ends(workdir, slurm(cluster, workdir, nodes=2, gpus=4))
  assert log_of(workdir).read_text().count("2 processes, 8 devices, float32\n") == 1
  return workdir


def test_preempted_on_two_processes_it_goes_on_alone_to_the_same_bits(cluster, whole, tmp_path):
  """SIGTERM to one process stops all of them at the same step, and the job is queued again."""
  workdir = tmp_path / "run"
  job = slurm(cluster, workdir, nodes=2, gpus=4)
  wait_for("metrics.jsonl", workdir, job)  # its first line tells how long compiling took
  children = Path(f"/proc/{job.pid}/task/{job.pid}/children")
  if not children.exists():
    pytest.skip("finds srun in /proc")
  os.kill(int(children.read_text().split()[0]), signal.SIGTERM)
  ends(workdir, job, code=75)
  assert "requeue 7\n" in log_of(workdir).read_text()
  assert not (workdir / "model").exists()
  ends(workdir, slurm(cluster, workdir, nodes=1, gpus=8))
  assert "1 process, 8 devices, float32\n" in log_of(workdir).read_text()
  assert weights(workdir) == weights(whole)


@pytest.mark.soak
def test_killed_on_two_processes_it_goes_on_in_pods_to_the_same_bits(cluster, whole, tmp_path):
  workdir = tmp_path / "run"
  job = slurm(cluster, workdir, nodes=2, gpus=4)
  wait_for("checkpoints/[0-9]", workdir, job)
  os.killpg(job.pid, signal.SIGKILL)
  job.wait()
  assert not (workdir / "model").exists()
  ends(workdir, *kubernetes(cluster, workdir))
  assert "4 processes, 8 devices, float32\n" in log_of(workdir).read_text()
  assert weights(workdir) == weights(whole)
