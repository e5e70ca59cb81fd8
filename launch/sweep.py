"""Prints the commands of a sweep's runs, submits them to a scheduler, or executes one of them.

python -m launch.sweep --config=configs/sweeps/NAME.py --workdir=DIR                  prints all
python -m launch.sweep ... --submit="sbatch launch/slurm/one_node.sh"                 submits all
python -m launch.sweep ... --run=3                                                    executes run 3

Beside get_config(), the config file has a function sweep(), which yields a dict for each run: its
overrides by field, such as {"optim.lr_heads": 1e-4}. If sweep() has a parameter, that is the
argument of get_config. A run's workdir is DIR/<its overrides>.
"""

from __future__ import annotations

import inspect
import os
import shlex
import subprocess
import sys
from pathlib import Path

from absl import flags

from launch import cli_errors
from paiaa_jax.errors import UserError
from studies import config_file

FLAGS = flags.FLAGS


def main(_) -> None:
  runs = run_flags(FLAGS.config, FLAGS.workdir)
  train = [sys.executable, "-m", "launch.train"]
  if FLAGS.run >= 0:
    if FLAGS.run >= len(runs):
      raise UserError(f"--run={FLAGS.run}: {FLAGS.config} yields runs 0..{len(runs) - 1}.")
    os.execv(sys.executable, [*train, *runs[FLAGS.run]])  # signals and exit code are its own
  for run in runs:
    if FLAGS.submit:
      try:
        submitted = subprocess.run([*shlex.split(FLAGS.submit), *run])
      except (ValueError, OSError) as error:  # an open quote, or no such program
        raise UserError(f"--submit={FLAGS.submit!r} cannot be run: {error}.") from error
      if submitted.returncode:
        raise UserError(f"--submit={FLAGS.submit!r} ended with {submitted.returncode}; see above.")
    else:
      print(shlex.join(["python", "-m", "launch.train", *run]))


def run_flags(config: str, workdir: str) -> list[list[str]]:
  """launch.train's flags of each run.

  Args:
    config: the config file, PATH or PATH:ARG.
    workdir: folder of the runs' workdirs.

  Raises:
    UserError: where the file has no sweep(), it yields nothing, or two runs are the same.
  """
  sweep = config_file.functions(config).get("sweep")
  if sweep is None:
    raise UserError(f"{config} has no function sweep(); see configs/sweeps.")
  _, *arg = config.split(":", 1)
  runs = list(sweep(*arg) if inspect.signature(sweep).parameters else sweep())
  by_name = {run_name(overrides): overrides for overrides in runs}
  if not runs or len(by_name) < len(runs):
    raise UserError(f"sweep() of {config} yields {len(runs)} runs, {len(by_name)} different ones.")
  return [
    [
      f"--config={config}",
      f"--workdir={Path(workdir) / name}",
      *(f"--config.{field}={value}" for field, value in overrides.items()),
    ]
    for name, overrides in by_name.items()
  ]


def run_name(overrides: dict[str, object]) -> str:
  """A folder name: the last part of each field and its value, such as lr_heads=0.001,seed=1."""
  parts = (f"{field.split('.')[-1]}={value}" for field, value in overrides.items())
  return ",".join(parts).replace("/", "_").replace(" ", "")


if __name__ == "__main__":
  flags.DEFINE_string("config", None, "Config file with sweep().", required=True)
  flags.DEFINE_string("workdir", None, "Folder of the runs' workdirs.", required=True)
  flags.DEFINE_string("submit", "", "Command that takes a run's flags, such as sbatch's.")
  flags.DEFINE_integer("run", -1, "Become this run, counted from 0.", lower_bound=-1)
  cli_errors.run(main)
