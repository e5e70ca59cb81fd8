"""Starts jax's processes together: told by flags, by a Kubernetes indexed Job, SLURM or a TPU pod.

One process alone needs nothing of this, and nothing happens.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import jax
from absl import flags

COORDINATOR = flags.DEFINE_string("coordinator", "", "HOST:PORT of process 0.")
NUM_PROCESSES = flags.DEFINE_integer("num_processes", 0, "Processes in all.", lower_bound=0)
PROCESS_ID = flags.DEFINE_integer("process_id", -1, "This process, from 0.", lower_bound=-1)


def initialize() -> None:
  """Joins the other processes, if there are any.

  Raises:
    ValueError: where only some of the three flags are given.
  """
  arguments = resolve(COORDINATOR.value, NUM_PROCESSES.value, PROCESS_ID.value, os.environ)
  if arguments is not None:
    jax.distributed.initialize(**arguments)


def resolve(
  coordinator: str, num_processes: int, process_id: int, environ: Mapping[str, str]
) -> dict | None:
  """Arguments of jax.distributed.initialize; {} lets jax find them itself; None: one process.

  Args:
    coordinator, num_processes, process_id: the flags; "", 0 and -1 where not given.
    environ: the environment. A Kubernetes indexed Job sets JOB_COMPLETION_INDEX, and the
      manifest COORDINATOR and NUM_PROCESSES; SLURM and TPU pods are known to jax.
  """
  if coordinator or num_processes or process_id >= 0:
    if not (coordinator and num_processes and process_id >= 0):
      raise ValueError("--coordinator, --num_processes and --process_id belong together; give all.")
  elif "JOB_COMPLETION_INDEX" in environ and "COORDINATOR" in environ:
    coordinator = environ["COORDINATOR"]
    num_processes = int(environ["NUM_PROCESSES"])
    process_id = int(environ["JOB_COMPLETION_INDEX"])
  else:
    many_tasks = "SLURM_STEP_ID" in environ and int(environ.get("SLURM_NTASKS", 1)) > 1
    many_hosts = "," in environ.get("TPU_WORKER_HOSTNAMES", "")
    return {} if many_tasks or many_hosts else None
  if not 0 <= process_id < num_processes:
    raise ValueError(f"process_id is {process_id}; it is 0..{num_processes - 1} here.")
  return {
    "coordinator_address": coordinator,
    "num_processes": num_processes,
    "process_id": process_id,
  }


def is_first_process() -> bool:
  """Whether this process prints."""
  return jax.process_index() == 0
