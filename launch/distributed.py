"""Starts jax's processes together: told by flags or the environment, or found on a TPU slice.

One process alone needs nothing of this, and nothing happens. In the environment, launch/slurm and
launch.each_gpu set COORDINATOR, NUM_PROCESSES and NUM_DEVICES; the scheduler itself tells each
process its number. Where there are as many processes as devices, each takes one.
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
NUM_DEVICES = flags.DEFINE_integer(
  "num_devices", 0, "Devices in all; with fewer nothing starts. 0: any number.", lower_bound=0
)
TPU_SLICE = flags.DEFINE_bool("tpu_slice", False, "Join the hosts of a TPU slice: jax finds them.")
NUMBERED_BY = ("PROCESS_ID", "SLURM_PROCID")  # launch.each_gpu, srun
NUMBERED_ON_THE_NODE_BY = ("LOCAL_PROCESS_ID", "SLURM_LOCALID")


def initialize() -> None:
  """Joins the other processes, if there are any.

  Raises:
    UserError: what is told does not fit together, or there are fewer devices than were asked for.
  """
  num_devices = NUM_DEVICES.value or read_number(os.environ, "NUM_DEVICES", default=0)
  if TPU_SLICE.value:
    _join_slice()
  else:
    told = COORDINATOR.value, NUM_PROCESSES.value, PROCESS_ID.value
    arguments = resolve(*told, num_devices, os.environ)
    if arguments is not None:
      jax.distributed.initialize(**arguments)
  if num_devices:
    _check_devices(num_devices)


def resolve(
  coordinator: str,
  num_processes: int,
  process_id: int,
  num_devices: int,
  environ: Mapping[str, str],
) -> dict | None:
  """Arguments of jax.distributed.initialize; None: one process.

  Args:
    coordinator, num_processes, process_id: the flags; "", 0 and -1 where not given.
    num_devices: of all processes; 0 where not told.
    environ: the environment.

  Raises:
    UserError: where only some of the flags are given, or the process has no valid number.
  """
  if coordinator or num_processes or process_id >= 0:
    if not (coordinator and num_processes and process_id >= 0):
      raise UserError("--coordinator, --num_processes and --process_id belong together; give all.")
  elif "COORDINATOR" in environ:
    coordinator = environ["COORDINATOR"]
    num_processes = read_number(environ, "NUM_PROCESSES", default=0)
    process_id = read_number(environ, *NUMBERED_BY, default=-1)
  else:
    return None
  if not 0 <= process_id < num_processes:
    raise UserError(f"process {process_id} of {num_processes}: they are numbered from 0.")
  return {
    "coordinator_address": coordinator,
    "num_processes": num_processes,
    "process_id": process_id,
    "local_device_ids": _own_devices(num_devices == num_processes, environ),
    # Inside a Slurm step jax would otherwise take one GPU a process, however many there are.
    "cluster_detection_method": "deactivate",
  }


def _join_slice() -> None:
  """jax finds a slice by its metadata server, or by GKE's variables."""
  try:
    jax.distributed.initialize()
  except ValueError as error:  # it has found neither an address nor a number
    raise UserError("--tpu_slice: jax finds no TPU slice here; is paiaa-jax[tpu] there?") from error


def _own_devices(one_each: bool, environ: Mapping[str, str]) -> list[int] | None:
  """The GPUs of the node that this process takes, by number; None: all that it sees."""
  local = read_number(environ, *NUMBERED_ON_THE_NODE_BY, default=-1)
  visible = environ.get("CUDA_VISIBLE_DEVICES", "")
  bound = visible != "" and "," not in visible  # the scheduler shows it one GPU, which is number 0
  return [local] if one_each and local >= 0 and not bound else None


def read_number(environ: Mapping[str, str], *names: str, default: int) -> int:
  """The first of these variables that is set, as a number."""
  name = next((name for name in names if name in environ), None)
  if name is None:
    return default
  if not environ[name].strip().isdecimal():
    raise UserError(
      f"${name} is {environ[name]!r}, no number of processes or devices, or of one of them."
    )
  return int(environ[name])


def _check_devices(asked: int) -> None:
  """Raises UserError where jax sees fewer devices than were asked for."""
  if jax.default_backend() == "cpu" and jax.config.values["jax_platforms"] != "cpu":
    raise UserError(
      f"{asked} devices were asked for, and jax finds no accelerator: install paiaa-jax[cuda13], "
      "[cuda12] or [tpu], or set JAX_PLATFORMS=cpu where CPUs are meant."
    )
  seen, local, processes = jax.device_count(), jax.local_device_count(), jax.process_count()
  if seen < asked:
    raise UserError(
      f"{asked} devices were asked for, and {_count(processes, 'process')} see {seen} ({local} in "
      f"process {jax.process_index()}); start one process a GPU, or one that sees all of its "
      "node's, or ask for fewer with --num_devices."
    )


def describe(dtype: str) -> str:
  """What a run runs on: "2 processes, 16 devices, float32"; `dtype` is that of the computation."""
  short = {"bfloat16": "bf16 (weights, statistics and losses float32)"}.get(dtype, dtype)
  processes = _count(jax.process_count(), "process")
  return f"{processes}, {_count(jax.device_count(), 'device')}, {short}"


def _count(number: int, what: str) -> str:
  plural = "es" if what.endswith("s") else "s"
  return f"{number} {what}{plural if number != 1 else ''}"


def is_first_process() -> bool:
  """Whether this process prints."""
  return jax.process_index() == 0
