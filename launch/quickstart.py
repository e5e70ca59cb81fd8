"""Runs everything on simulated raters, from photographs to a report; each step is a command.

    python -m launch.quickstart --workdir=runs/quickstart [--photos=DIR] [--seed=0]

It prints each step's command, which you can run yourself; here trainings and later steps share one
process, which compiles once. A step that is done in this workdir is not repeated.
"""

from __future__ import annotations

import os
from pathlib import Path

from absl import flags

from launch import cli_errors
from studies import steps
from studies.quickstart import plan

FLAGS = flags.FLAGS


def main(_) -> None:
  workdir = Path(FLAGS.workdir)
  for name, value in steps.ENVIRONMENT.items():
    os.environ.setdefault(name, value)  # before the next line, which loads jax
  from studies import in_process
  from studies.quickstart import report

  planned = plan.steps(workdir, FLAGS.seed, FLAGS.photos, FLAGS.steps)
  steps.run(workdir / "steps", planned, here=in_process.verbs())
  print(f"report: {report.write(workdir)}")


if __name__ == "__main__":
  flags.DEFINE_string("workdir", "runs/quickstart", "Where everything is written.")
  flags.DEFINE_string("photos", "", "A folder of your own photographs to simulate raters over.")
  flags.DEFINE_integer("seed", 0, "Of the simulation, the training and the splits.")
  flags.DEFINE_integer("steps", 0, "Steps of each training, to try the road; 0: the config's.")
  cli_errors.run(main)
