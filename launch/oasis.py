"""The method measured on OASIS-beauty: real photographs and raters, from files to a report.

    python -m launch.oasis --source=DIR --workdir=runs/oasis

DIR holds OASIS.csv, corrData.mat and images/ as their distributors lay them out. Started again, it
goes on from the steps that are done. Writes WORKDIR/report.html and WORKDIR/tables.
"""

from __future__ import annotations

import logging
from pathlib import Path

from absl import flags
from ml_collections import config_flags

from launch import cli_errors

CONFIG = config_flags.DEFINE_config_file(
  "config", "configs/oasis_frozen.py", "Study config.", lock_config=True
)
FLAGS = flags.FLAGS


def main(_) -> None:
  from studies.oasis import report, run, study, tune

  logging.getLogger().setLevel(logging.INFO)
  workdir = Path(FLAGS.workdir)
  run.claim(workdir, CONFIG.value)
  data = study.read(FLAGS.source)
  features = run.compute_features(CONFIG.value, data, workdir)
  inputs = run.poolings(CONFIG.value, features)
  run.image_level(CONFIG.value, data, inputs, workdir)
  run.personalize(CONFIG.value, data, inputs[run.HEADLINE], workdir)
  tune.every_seed(CONFIG.value, data, workdir)
  page = report.write(CONFIG.value, data, workdir)
  logging.info("report written to %s", page)


if __name__ == "__main__":
  flags.DEFINE_string("source", None, "Folder of the distributors' files.", required=True)
  flags.DEFINE_string("workdir", "runs/oasis", "Where everything is written.")
  cli_errors.run(main)
