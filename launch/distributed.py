"""Starts jax's processes together: told by flags, by the environment, or by a TPU pod.

One process alone needs nothing of this, and nothing happens. In the environment, launch/slurm and
launch/k8s set COORDINATOR and NUM_PROCESSES; the scheduler itself tells each process its number.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import jax
from absl import flags

from paiaa_jax.errors import UserError

COORDINATOR = flags.DEFINE_string("coordinator", "", "HOST:PORT of process 0.")
NUM_PROCESSES = flags.DEFINE_integer("num_processes", 0, "Processes in all.", lower_bound=0)
PROCESS_ID = flags.DEFINE_integer("process_id", -1, "This process, from 0.", lower_bound=-1)
NUMBERED_BY = ("JOB_COMPLETION_INDEX", "SLURM_PROCID")  # a Kubernetes indexed Job, srun


def initialize() -> None:
  """Joins the other processes, if there are any.

  Raises:
    UserError: where what is told does not fit together.
  """
  arguments = resolve(COORDINATOR.value, NUM_PROCESSES.value, PROCESS_ID.value, os.environ)
  if arguments is not None:
    jax.distributed.initialize(**arguments)


def resolve(
  coordinator: str, num_processes: int, process_id: int, environ: Mapping[str, str]
) -> dict | None:
  """Arguments of jax.distributed.initialize; {}: jax finds them by itself; None: one process.

  Args:
    coordinator, num_processes, process_id: the flags; "", 0 and -1 where not given.
    environ: the environment.

  Raises:
    UserError: where only some of the flags are given, or the process has no valid number.
  """
  if coordinator or num_processes or process_id >= 0:
    if not (coordinator and num_processes and process_id >= 0):
      raise UserError("--coordinator, --num_processes and --process_id belong together; give all.")
  elif "COORDINATOR" in environ:
    coordinator = environ["COORDINATOR"]
    num_processes = _number("NUM_PROCESSES", environ.get("NUM_PROCESSES", "0"))
    numbers = (_number(name, environ[name]) for name in NUMBERED_BY if name in environ)
    process_id = next(numbers, -1)
  else:
    return {} if "," in environ.get("TPU_WORKER_HOSTNAMES", "") else None
  if not 0 <= process_id < num_processes:
    raise UserError(f"process {process_id} of {num_processes}: they are numbered from 0.")
  return {
    "coordinator_address": coordinator,
    "num_processes": num_processes,
    "process_id": process_id,
  }


def _number(name: str, text: str) -> int:
  """A variable of the environment as a number."""
  if not text.strip().isdecimal():
    raise UserError(f"${name} is {text!r}, no number of processes or of one of them.")
  return int(text)


def is_first_process() -> bool:
  """Whether this process prints."""
  return jax.process_index() == 0
