"""What a machine without a scheduler can check of the files for one."""

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from launch import distributed, each_gpu
from paiaa_jax.errors import UserError
from paiaa_jax.training.preemption import EXIT_CODE
from tests.launch import fake_cluster

ROOT = Path(__file__).parents[2]
LAUNCH = ROOT / "launch"
SCRIPTS = sorted(LAUNCH.glob("*/*.sh"))
FLAGS = ["--config=configs/ava.py", "--workdir=runs/with space"]


@pytest.mark.parametrize(
  ("script", "expected"),
  [
    ("slurm/one_node.sh", r"COORDINATOR=localhost:\d+ NUM_PROCESSES=8 NUM_DEVICES=8 srun .*train"),
    ("slurm/many_nodes.sh", r"COORDINATOR=localhost:\d+ NUM_PROCESSES=16 NUM_DEVICES=16 srun .*"),
    ("slurm/array.sh", "srun python -m launch.sweep --run=3"),
    ("slurm/reproduce.sh", "srun python -m launch.reproduce --chain=3"),
    ("tpu/train.sh", "gcloud compute tpus tpu-vm ssh slice --zone=here --worker=all"),
  ],
)
def test_a_dry_run_prints_the_command_with_its_flags(script, expected, tmp_path):
  printed = run(script, tmp_path, DRY_RUN="1", SLURM_ARRAY_TASK_ID="3").stdout
  assert re.match(expected, printed), printed
  assert FLAGS[0] in printed and "runs/with" in printed


@pytest.mark.parametrize(
  ("script", "job", "expected"),
  [
    ("one_node.sh", (1, 8, 8), "NUM_PROCESSES=8 NUM_DEVICES=8"),
    ("many_nodes.sh", (4, 32, 8), "NUM_PROCESSES=32 NUM_DEVICES=32"),
    ("many_nodes.sh", (2, 2, 8), "NUM_PROCESSES=2 NUM_DEVICES=16"),
    ("array.sh", (1, 1, 1), "NUM_DEVICES=1"),
    ("reproduce.sh", (1, 1, 1), "NUM_DEVICES=1"),
  ],
)
def test_srun_gets_the_numbers_of_the_job(script, job, expected, tmp_path):
  told = fake_cluster.job(*job) | {"SLURM_ARRAY_TASK_ID": "3"}
  printed = run(f"slurm/{script}", tmp_path, **told).stdout
  assert f"{expected} SRUN_CPUS_PER_TASK=3 srun " in printed
  assert printed.endswith(f"{' '.join(FLAGS)}\n")


def test_two_jobs_on_a_node_do_not_meet_at_a_port(tmp_path):
  def port():
    printed = run("slurm/many_nodes.sh", tmp_path, **fake_cluster.job(2, 16, 8)).stdout
    return int(re.match(r"COORDINATOR=localhost:(\d+) ", printed)[1])

  with socket.socket() as other_job:
    other_job.bind(("", port()))
    assert port() != other_job.getsockname()[1]


def test_the_hosts_of_a_slice_are_told_to_find_each_other(tmp_path):
  printed = run("tpu/train.sh", tmp_path).stdout
  assert "python -m launch.train --tpu_slice --config=configs/ava.py " in printed


def run(script, folder, **environ):
  """A script under commands that print what they would start."""
  env = fake_cluster.install(folder / "bin") | {"TPU": "slice", "ZONE": "here"} | environ
  command = ["bash", LAUNCH / script, *FLAGS]
  return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)


@pytest.mark.parametrize("script", ["one_node.sh", "many_nodes.sh", "array.sh", "reproduce.sh"])
def test_a_preempted_job_is_put_back_into_the_queue(script, tmp_path):
  env = fake_cluster.install(tmp_path / "bin") | fake_cluster.job(1, 8, 8)
  env |= {"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_JOB_ID": "7"}
  (tmp_path / "bin" / "srun").write_text(f"#!/bin/bash\nexit {EXIT_CODE}\n")
  command = ["bash", LAUNCH / "slurm" / script, *FLAGS]
  done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
  assert done.returncode == EXIT_CODE and done.stdout.startswith("requeue 7")
  text = (LAUNCH / "slurm" / script).read_text()
  assert "#SBATCH --signal=TERM@" in text and "#SBATCH --requeue" in text


@pytest.mark.parametrize("linter", [("shellcheck", *SCRIPTS), ("hadolint", ROOT / "Dockerfile")])
def test_linters_have_nothing_to_say(linter):
  """Programs that pip installs beside Python, with the extra `test`."""
  program, *files = linter
  command = [Path(sys.executable).parent / program, *files]
  done = subprocess.run(command, capture_output=True, text=True)
  assert done.returncode == 0, done.stdout


def test_the_image_holds_what_launch_needs(tmp_path):
  """Its folders alone, beside the installed package, start the job of Kubernetes."""
  dockerfile = (ROOT / "Dockerfile").read_text()
  for folder, target in re.findall(r"^COPY (\w+) /paiaa/(\w+)$", dockerfile, re.MULTILINE):
    shutil.copytree(ROOT / folder, tmp_path / target)
  for module in ("launch.train", "launch.evaluate", "launch.personalize", "launch.each_gpu"):
    command = [sys.executable, "-c", f"import {module}; print({module}.__file__)"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.startswith(str(tmp_path)), done.stderr


def test_kubernetes_schema_admits_the_job_and_no_misspelt_field():
  version = kubernetes_validate.latest_version()
  service, job = yaml.safe_load_all((LAUNCH / "k8s/train.yaml").read_text())
  for resource in (service, job):
    kubernetes_validate.validate(resource, version, strict=True)  # raises, if not
  job["spec"]["completion"] = job["spec"].pop("completions")
  with pytest.raises(kubernetes_validate.ValidationError, match="completion"):
    kubernetes_validate.validate(job, version, strict=True)


def test_the_configs_that_the_files_name_exist():
  for path in (*SCRIPTS, LAUNCH / "k8s/train.yaml"):
    named = re.findall(r"--config=(configs/[\w/]+\.py)", path.read_text())
    assert named and all((ROOT / config).is_file() for config in named)


def test_every_script_stops_at_the_first_error():
  assert SCRIPTS
  for script in SCRIPTS:
    assert "set -euo pipefail" in script.read_text() and os.access(script, os.X_OK)


def test_kubernetes_job_joins_its_pods_and_knows_the_exit_codes():
  service, job = yaml.safe_load_all((LAUNCH / "k8s/train.yaml").read_text())
  spec = job["spec"]
  pod = spec["template"]["spec"]
  (container,) = pod["containers"]
  env = {entry["name"]: entry["value"] for entry in container["env"]}
  assert spec["completionMode"] == "Indexed"
  assert spec["completions"] == spec["parallelism"] == int(env["NUM_NODES"])
  gpus = int(container["command"][container["command"].index("launch.each_gpu") + 1])
  assert container["resources"]["limits"]["nvidia.com/gpu"] == gpus
  name = job["metadata"]["name"]
  assert service["metadata"]["name"] == pod["subdomain"] and service["spec"]["clusterIP"] == "None"
  assert env["COORDINATOR"].split(":")[0] == f"{name}-0.{pod['subdomain']}"
  codes = {r["action"]: r["onExitCodes"]["values"] for r in spec["podFailurePolicy"]["rules"]}
  assert codes == {"Ignore": [EXIT_CODE], "FailJob": [2]}
  mounts, volumes = container["volumeMounts"], pod["volumes"]
  assert {mount["name"] for mount in mounts} == {volume["name"] for volume in volumes}


def test_machines_that_were_not_told_where_to_meet_do_not_wait():
  told = {"NUM_NODES": "2", "NODE_ID": "1"}
  with pytest.raises(UserError, match=r"2 machines .*COORDINATOR=HOST:PORT"):
    each_gpu.environments(2, told)
  meet = {child["COORDINATOR"] for child in each_gpu.environments(2, told | {"COORDINATOR": "a:1"})}
  assert meet == {"a:1"}
  alone = {child["COORDINATOR"] for child in each_gpu.environments(2, {})}
  assert len(alone) == 1 and re.fullmatch(r"localhost:\d+", *alone)


def test_flags_go_before_the_environment_and_belong_together():
  environ = {"COORDINATOR": "a:1", "NUM_PROCESSES": "4", "SLURM_PROCID": "3"}
  assert distributed.resolve("c:1", 2, 0, 0, environ)["coordinator_address"] == "c:1"
  with pytest.raises(UserError, match="belong together"):
    distributed.resolve("c:1", 2, -1, 0, {})
  with pytest.raises(UserError, match="process 2 of 2"):
    distributed.resolve("c:1", 2, 2, 0, {})
  with pytest.raises(UserError, match="process -1 of 4"):
    distributed.resolve("", 0, -1, 0, {"COORDINATOR": "a:1", "NUM_PROCESSES": "4"})
  with pytest.raises(UserError, match="NUM_PROCESSES is 'four'"):
    distributed.resolve("", 0, -1, 0, environ | {"NUM_PROCESSES": "four"})
