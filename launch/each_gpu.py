"""Starts a launch verb once for each GPU of this machine and joins the processes, as srun does.

    python -m launch.each_gpu 8 launch.train --config=configs/ava.py --workdir=runs/ava

On several machines, start it on each, with these environment variables: COORDINATOR (HOST:PORT of
the first machine), NUM_NODES, and the machine's number, NODE_ID or the JOB_COMPLETION_INDEX of a
Kubernetes indexed Job. A SIGTERM is passed on to the processes. The exit code is 0 where all
processes end with 0, 75 where a preemption stopped them, else that of the first that failed.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time

from launch import distributed
from paiaa_jax.cores import own_cores
from paiaa_jax.errors import UserError
from paiaa_jax.training.preemption import EXIT_CODE

AFTER_A_FAILURE = 30  # seconds that the others have to end by themselves


def main(argv: list[str]) -> int:
  """The exit code of `argv`: how many GPUs, a module, its flags."""
  count, command = argv[0], [sys.executable, "-m", *argv[1:]]
  if not count.isdecimal() or int(count) < 1 or len(argv) < 2:
    raise UserError("say how many GPUs and what: python -m launch.each_gpu 8 launch.train ...")
  shares = _shares(own_cores(), int(count))
  children = []
  for environ, share in zip(environments(int(count), dict(os.environ)), shares, strict=True):
    children.append(subprocess.Popen(command, env=environ))
    if share:
      os.sched_setaffinity(children[-1].pid, share)
  signal.signal(signal.SIGTERM, lambda *_: [child.terminate() for child in children])
  return _wait(children)


def environments(count: int, environ: dict[str, str]) -> list[dict[str, str]]:
  """The environment of each of this machine's `count` processes, see launch.distributed."""
  nodes = distributed.read_number(environ, "NUM_NODES", default=1)
  node = distributed.read_number(environ, "NODE_ID", "JOB_COMPLETION_INDEX", default=0)
  if not 0 <= node < nodes:
    raise UserError(f"node {node} of {nodes}: they are numbered from 0 (NODE_ID, NUM_NODES).")
  coordinator = environ.get("COORDINATOR")
  if nodes > 1 and not coordinator:
    raise UserError(f"{nodes} machines (NUM_NODES) meet at the first: set COORDINATOR=HOST:PORT.")
  coordinator = coordinator or f"localhost:{free_port()}"
  return [
    environ
    | {
      "COORDINATOR": coordinator,
      "NUM_PROCESSES": str(nodes * count),
      "NUM_DEVICES": environ.get("NUM_DEVICES", str(nodes * count)),
      "PROCESS_ID": str(node * count + local),
      "LOCAL_PROCESS_ID": str(local),
    }
    for local in range(count)
  ]


def free_port() -> int:
  """A port of this machine that nobody listens on."""
  with socket.socket() as probe:
    probe.bind(("", 0))
    return probe.getsockname()[1]


def _shares(cores: list[int], count: int) -> list[list[int]]:
  """Cores side by side for each of `count` processes; empty where there are too few."""
  size = len(cores) // count
  return [cores[i * size : (i + 1) * size] for i in range(count)]


def _wait(children: list[subprocess.Popen]) -> int:
  """The exit code of all; once one has failed, the others are ended, as they may wait for it."""
  failed_at = None
  while None in (now := [child.poll() for child in children]):
    if failed_at is None and any(code not in (None, 0, EXIT_CODE) for code in now):
      failed_at = time.monotonic()
    if failed_at is not None and time.monotonic() - failed_at > AFTER_A_FAILURE:
      for child in children:
        child.kill()
    time.sleep(0.1)
  codes = [child.wait() for child in children]
  failures = [code for code in codes if code not in (0, EXIT_CODE)]
  by_themselves = [code for code in failures if code > 0]
  return next(iter(by_themselves or failures), max(codes))


if __name__ == "__main__":
  try:
    sys.exit(main(sys.argv[1:] or [""]))
  except UserError as error:
    print(f"error: {error}", file=sys.stderr)
    sys.exit(2)
