"""A launch main that joins its processes and prints what each sees, as a line of JSON."""

import json

import jax
from jax._src.xla_bridge import CUDA_VISIBLE_DEVICES

from launch import cli_errors, distributed


def main(_) -> None:
  distributed.initialize()
  sees = {
    "process": jax.process_index(),
    "devices": jax.local_device_count(),
    "gpus": CUDA_VISIBLE_DEVICES.value,
    "told": distributed.describe("bfloat16"),
  }
  print(json.dumps(sees) + "\n", end="", flush=True)


if __name__ == "__main__":
  cli_errors.run(main)
