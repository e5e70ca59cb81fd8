"""Table V's other methods: baselines that learn from the same shots, splits and features as PA_IAA.

    python -m launch.evaluate --workdir=runs/quickstart --data=DIR --split=test --features
    python -m launch.evaluate --workdir=runs/quickstart --data=DIR --split=train --features
    python -m launch.baselines --config=configs/quickstart.py --workdir=runs/quickstart

DIR is config.data.aesthetics. Shots, splits, seed and ratings are those of config.personalize, as
in launch.personalize. Writes WORKDIR/baselines.json, in the shape of personalize.json with one key
a baseline, after each of them, and per_user_baselines.csv. Started again, it goes on with those
that are missing; other settings or other predictions start afresh. Without predictions of the train
split, the baselines that learn from other users are left out.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from absl import flags
from ml_collections import config_flags

from launch import cli_errors
from paiaa_jax import files
from paiaa_jax.errors import UserError

FLAGS = flags.FLAGS


def main(_) -> None:
  evaluate(FLAGS.config, Path(FLAGS.workdir), [name for name in FLAGS.only if name])


def evaluate(config, workdir: Path, only: list[str]) -> None:
  """Every baseline of `only`, or all, that is missing: arrays in, two files and a table out."""
  from paiaa_jax.apps import personalize_users
  from paiaa_jax.personalization.splits import Protocol
  from studies.baselines import read, run

  run.choose(only, has_others=True)  # a misspelt name is told before minutes of reading
  personalize = config.personalize
  inputs = read.read(workdir, Path(config.data.aesthetics), personalize.ratings)
  names = run.choose(only, has_others=inputs.others is not None)
  if inputs.others is None:
    _tell(
      "no predictions of the train split: the baselines that learn from other users are left out"
    )
  suffix = f"_{personalize.name}" if personalize.name else ""
  file = workdir / f"baselines{suffix}.json"
  started = time.monotonic()

  def save(result, name):
    files.write_json(file, result)
    _tell(f"{name}: done after {time.monotonic() - started:.0f} s")

  result = run.evaluate(
    inputs,
    names,
    Protocol(tuple(personalize.shots), personalize.num_splits, personalize.seed),
    before=_before(file),
    save=save,
  )
  table = personalize_users.user_table(result)
  files.write_frame(workdir / f"per_user_baselines{suffix}.csv", table)
  personalize_users.show(result)


def _before(file: Path) -> dict | None:
  """An earlier result, if there is one that can be read."""
  try:
    return files.read_json(file) if file.is_file() else None
  except UserError as error:
    _tell(f"{error} Starting afresh.")
    return None


def _tell(line: str) -> None:
  print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
  config_flags.DEFINE_config_file("config", None, "Run config.", lock_config=True)
  flags.mark_flags_as_required(["config"])
  flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
  flags.DEFINE_list("only", [], "Baselines to run, NAME,...; all by default.")
  cli_errors.run(main)
