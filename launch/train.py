"""Trains by a config, or continues a stopped run: one command for a CPU, GPUs and many hosts.

python -m launch.train --config=configs/NAME.py --workdir=DIR [--config.field=value]

Exit codes: 0 trained; 2 wrong input, told in one line; 75 preempted: start the same command again.
"""

from __future__ import annotations

import sys

from absl import flags
from ml_collections import config_flags

from launch import cli_errors, distributed
from paiaa_jax.training import loop, preemption

FLAGS = flags.FLAGS


def define_flags() -> None:
  config_flags.DEFINE_config_file("config", None, "Run config.", lock_config=True)
  flags.DEFINE_string("workdir", None, "Folder of the run; shared by all processes.")
  flags.mark_flags_as_required(["config", "workdir"])


def main(argv: list[str]) -> None:
  del argv
  distributed.initialize()
  if distributed.is_first_process():
    print(distributed.describe(FLAGS.config.model.dtype), file=sys.stderr)
  try:
    results = loop.train(FLAGS.config, FLAGS.workdir)
  except preemption.Preempted as stop:
    print(stop, file=sys.stderr)
    sys.exit(preemption.EXIT_CODE)
  if distributed.is_first_process():
    print("  ".join(f"{name} {value:.4g}" for name, value in results.items()))
    print(f"model written to {FLAGS.workdir}/model", file=sys.stderr)


if __name__ == "__main__":
  define_flags()
  cli_errors.run(main)
