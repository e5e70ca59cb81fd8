"""Processes join through jax.distributed, told what schedulers tell; devices are fake CPUs."""

import http.server
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml

from launch import each_gpu
from tests.launch import fake_cluster

ROOT = Path(__file__).parents[2]
JOIN = "tests.launch.join"
BF16 = "bf16 (weights, statistics and losses float32)"
# jax looks for a TPU as it is imported; after that it is told here that it has found one.
ON_A_TPU = """
import os, runpy, sys
from jax._src.clusters import cloud_tpu_cluster, cluster

cluster.running_in_cloud_tpu_vm = cloud_tpu_cluster.running_in_cloud_tpu_vm = True
del os.environ["TPU_SKIP_MDS_QUERY"]
sys.argv[1:] = ["--tpu_slice"]
runpy.run_module("tests.launch.join", run_name="__main__")
"""


def environment(devices, **more):
  """Of a process on a machine with so many fake devices, nothing told by a scheduler yet."""
  names = ("SLURM", "CUDA_VISIBLE", "TPU_", "NUM_", "COORDINATOR", "KUBERNETES")
  clean = {name: text for name, text in os.environ.items() if not name.startswith(names)}
  clean |= {"no_proxy": "localhost", "NO_PROXY": "localhost"}  # else a proxy may be asked for it
  return clean | {"JAX_PLATFORMS": "cpu", "JAX_NUM_CPU_DEVICES": str(devices)} | more


def start(command, env):
  pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
  return subprocess.Popen(command, cwd=ROOT, env=env, **pipes)


def seen(*children):
  """What each process saw, by its number."""
  results = [(*child.communicate(timeout=120), child.returncode) for child in children]
  assert all(code == 0 for *_, code in results), results
  lines = [json.loads(line) for out, *_ in results for line in out.splitlines()]
  return sorted(lines, key=lambda line: line["process"])


def slurm(script, folder, job, devices, **more):
  env = environment(devices, **job, **fake_cluster.install(folder / "bin", replace=JOIN), **more)
  return start(["bash", ROOT / "launch" / "slurm" / script], env)


def test_under_slurm_a_process_a_gpu_takes_the_one_of_its_number(tmp_path):
  job = fake_cluster.job(nodes=1, tasks=2, gpus=2)
  lines = seen(slurm("one_node.sh", tmp_path, job, devices=1))
  assert [line["gpus"] for line in lines] == ["0", "1"]
  assert {line["told"] for line in lines} == {f"2 processes, 2 devices, {BF16}"}


def test_under_slurm_a_process_that_is_shown_one_gpu_takes_that(tmp_path):
  job = fake_cluster.job(nodes=1, tasks=2, gpus=2)
  lines = seen(slurm("one_node.sh", tmp_path, job, devices=1, CUDA_VISIBLE_DEVICES="5"))
  assert [line["gpus"] for line in lines] == ["all", "all"]


def test_under_slurm_a_process_a_node_takes_all_of_its_gpus(tmp_path):
  job = fake_cluster.job(nodes=2, tasks=2, gpus=4)
  lines = seen(slurm("many_nodes.sh", tmp_path, job, devices=4))
  assert [line["gpus"] for line in lines] == ["all", "all"]
  assert {line["told"] for line in lines} == {f"2 processes, 8 devices, {BF16}"}


def test_fewer_devices_than_the_job_has_gpus_are_refused_in_one_line(tmp_path):
  job = fake_cluster.job(nodes=2, tasks=2, gpus=4)
  child = slurm("many_nodes.sh", tmp_path, job, devices=1)
  out, errors = child.communicate(timeout=120)
  assert child.returncode == 2 and out == ""
  told = [line for line in errors.splitlines() if line.startswith("error: ")]
  for process in range(2):
    expected = f"8 devices were asked for, and 2 processes see 2 (1 in process {process})"
    assert sum(expected in line for line in told) == 1, errors
  assert "Traceback" not in errors


def test_cpus_are_no_devices_unless_they_are_meant(tmp_path):
  env = environment(8, JAX_PLATFORMS="", CUDA_VISIBLE_DEVICES="", NUM_DEVICES="8")
  child = start([sys.executable, "-m", JOIN], env)
  _, errors = child.communicate(timeout=120)
  if child.returncode == 0:
    pytest.skip("there is an accelerator here")
  assert child.returncode == 2 and "jax finds no accelerator" in errors


def pods(number, **more):
  """The first pods of the job, of two processes with a device each; `more` are variables."""
  _, job = yaml.safe_load_all((ROOT / "launch" / "k8s" / "train.yaml").read_text())
  (container,) = job["spec"]["template"]["spec"]["containers"]
  command = [sys.executable, *container["command"][1:]]
  command[command.index("8")], command[command.index("launch.train")] = "2", JOIN
  told = {entry["name"]: entry["value"] for entry in container["env"]} | more
  told["COORDINATOR"] = f"localhost:{each_gpu.free_port()}"
  del told["JAX_COMPILATION_CACHE_DIR"]  # on the pods' storage
  told["KUBERNETES_SERVICE_HOST"] = "localhost"  # jax's own detection warns, or asks its server
  return [
    start(command, environment(1, JOB_COMPLETION_INDEX=str(i), **told)) for i in range(number)
  ]


def test_pods_of_kubernetes_join_a_process_a_gpu():
  lines = seen(*pods(2))
  assert [line["process"] for line in lines] == [0, 1, 2, 3]
  assert [line["gpus"] for line in lines] == ["0", "1", "0", "1"]
  assert {line["told"] for line in lines} == {f"4 processes, 4 devices, {BF16}"}


def test_a_pod_with_fewer_devices_than_were_asked_for_is_refused_in_one_line():
  (pod,) = pods(1, NUM_NODES="1", NUM_DEVICES="8")
  out, errors = pod.communicate(timeout=120)
  assert pod.returncode == 2 and out == "" and "Traceback" not in errors  # the policy's FailJob
  assert "8 devices were asked for, and 2 processes see 2 (1 in process 0)" in errors


class Metadata(http.server.BaseHTTPRequestHandler):
  """The metadata server of one host of a slice that `gcloud compute tpus tpu-vm create` made."""

  def do_GET(self):
    key = self.path.rpartition("/")[2]
    host = {"agent-worker-number": str(self.server.number), "tpu-env": "ZONE: 'here'\n"}
    text = (host | {"worker-network-endpoints": "localhost,localhost"})[key]
    self.send_response(200)
    self.end_headers()
    self.wfile.write(text.encode())

  def log_message(self, *_):
    pass


@pytest.fixture
def metadata_servers():
  servers = [http.server.ThreadingHTTPServer(("localhost", 0), Metadata) for _ in range(2)]
  for number, server in enumerate(servers):
    server.number = number
    threading.Thread(target=server.serve_forever, daemon=True).start()
  yield [f"localhost:{server.server_port}" for server in servers]
  for server in servers:
    server.shutdown()
    server.server_close()


def test_hosts_of_a_tpu_slice_are_found_by_its_metadata(metadata_servers):
  told = {"JAX_COORDINATOR_PORT": str(each_gpu.free_port())}
  hosts = [
    start([sys.executable, "-c", ON_A_TPU], environment(4, GCE_METADATA_IP=server, **told))
    for server in metadata_servers
  ]
  lines = seen(*hosts)
  assert [line["process"] for line in lines] == [0, 1]
  assert {line["told"] for line in lines} == {f"2 processes, 8 devices, {BF16}"}


def test_where_there_is_no_slice_that_is_told_in_one_line():
  child = start([sys.executable, "-m", JOIN, "--tpu_slice"], environment(1))
  _, errors = child.communicate(timeout=120)
  assert child.returncode == 2 and "no TPU slice" in errors and "Traceback" not in errors


def test_a_process_that_fails_ends_the_others(monkeypatch):
  monkeypatch.setattr(each_gpu, "AFTER_A_FAILURE", 0)
  code = "import os, time; os.environ['PROCESS_ID'] == '0' or time.sleep(600); raise SystemExit(3)"
  children = [
    subprocess.Popen([sys.executable, "-c", code], env=environ)
    for environ in each_gpu.environments(2, dict(os.environ))
  ]
  assert each_gpu._wait(children) == 3
  assert children[1].returncode < 0


def test_cores_are_dealt_once_and_side_by_side():
  assert each_gpu._shares([0, 1, 2, 5, 6], 2) == [[0, 1], [2, 5]]
  assert each_gpu._shares([4], 2) == [[], []]
