"""Measures the method on OASIS-beauty, real photographs and raters, and writes a report.

    python -m launch.oasis --source=DIR --workdir=runs/oasis

DIR holds OASIS.csv, corrData.mat and images/ as their distributors lay them out. Started again, it
goes on from the steps that are done. Writes WORKDIR/report.html and WORKDIR/tables.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags
from ml_collections import config_flags

from launch import cli_errors

CONFIG = config_flags.DEFINE_config_file(
  "config", "configs/oasis_frozen.py", "Study config.", lock_config=True
)
FLAGS = flags.FLAGS


def main(_) -> None:
  from studies import steps
  from studies.oasis import report, run, study

  workdir = Path(FLAGS.workdir)
  run.claim(workdir, CONFIG.value)
  data = study.read(FLAGS.source)
  steps.run(workdir / "steps", run.steps(CONFIG.value, data, workdir))
  print(f"report: {report.write(CONFIG.value, data, workdir)}")


if __name__ == "__main__":
  flags.DEFINE_string("source", None, "Folder of the distributors' files.", required=True)
  flags.DEFINE_string("workdir", "runs/oasis", "Where everything is written.")
  cli_errors.run(main)
