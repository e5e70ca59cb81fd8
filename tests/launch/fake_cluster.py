"""srun, scontrol and gcloud as this machine can have them: srun starts the tasks, right here."""

import os
import sys
from pathlib import Path

# What srun sets for each task, jax's own detection of Slurm reads among them. SIGTERM reaches the
# last task alone: the others have to hear of it from each other.
SRUN = """
import os, signal, subprocess, sys

command = sys.argv[1:]
while command[0].startswith("--"):
  del command[0]
tasks, nodes = (int(os.environ.get(name, "1")) for name in ("SLURM_NTASKS", "SLURM_NNODES"))
children = []
for task in range(tasks):
  own = {"SLURM_PROCID": str(task), "SLURM_LOCALID": str(task % (tasks // nodes))}
  own |= {"SLURM_STEP_NODELIST": "localhost", "SLURM_STEP_NUM_NODES": str(nodes)}
  children.append(subprocess.Popen(command, env=os.environ | own))
signal.signal(signal.SIGTERM, lambda *_: children[-1].terminate())
sys.exit(max(abs(child.wait()) for child in children))
"""
SCONTROL = """
import os, sys

print("localhost\\nanother" if sys.argv[1] == "show" else " ".join(sys.argv[1:]))
"""
PRINT = """
import os, sys

names = ("COORDINATOR", "NUM_PROCESSES", "NUM_DEVICES", "SRUN_CPUS_PER_TASK")
told = (f"{name}={os.environ[name]}" for name in names if name in os.environ)
print(*told, PROGRAM, *sys.argv[1:])
"""


def install(folder: Path, *, replace: str = "") -> dict[str, str]:
  """Writes the programs into `folder` and returns an environment that finds them there.

  Args:
    folder: made where it is missing.
    replace: a module that `python -m launch.train` starts instead; "": srun and gcloud only print
      what they would start.
  """
  folder.mkdir(exist_ok=True)
  programs = {"scontrol": SCONTROL, "srun": SRUN}
  if not replace:
    programs |= {name: PRINT.replace("PROGRAM", repr(name)) for name in ("srun", "gcloud")}
  for name, text in programs.items():
    _write(folder / name, f"#!{sys.executable}\n{text}")
  _write(
    folder / "python",
    f'#!/bin/bash\nexec {sys.executable} "${{@/#launch.train/{replace or "launch.train"}}}"\n',
  )
  return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def job(nodes: int, tasks: int, gpus: int) -> dict[str, str]:
  """What sbatch sets in the script of a job of so many nodes, tasks, and GPUs a node."""
  return {
    "SLURM_JOB_ID": "7",
    "SLURM_JOB_NODELIST": "node[1-2]",
    "SLURM_NNODES": str(nodes),
    "SLURM_NTASKS": str(tasks),
    "SLURM_GPUS_ON_NODE": str(gpus),
    "SLURM_CPUS_PER_TASK": "3",
  }


def _write(path: Path, text: str) -> None:
  path.write_text(text)
  path.chmod(0o755)
