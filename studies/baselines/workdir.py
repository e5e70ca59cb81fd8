"""Runs baselines on a run's predictions; reads and writes the run's folder."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from ml_collections import ConfigDict

from paiaa_jax import files
from paiaa_jax.apps import personalize_users
from paiaa_jax.data.vectors import Vectors
from paiaa_jax.errors import UserError
from paiaa_jax.personalization.splits import Protocol
from studies.baselines import read
from studies.baselines.run import choose, evaluate
from studies.steps import tell


def run(
  workdir: Path,
  prepared: Path,
  settings: ConfigDict,
  only: Sequence[str],
  vectors: Vectors | None = None,
) -> None:
  """Writes baselines.json after each baseline and per_user_baselines.csv; prints the table.

  Args:
    workdir: of the run; launch.evaluate has written predictions and features there.
    prepared: folder of the database.
    settings: fields of config.personalize, see configs/base.py.
    only: names of baselines, none for all that can be; those in baselines.json are not run again.
    vectors: of the photographs, in place of the features that launch.evaluate wrote.
  """
  choose(only, has_others=True)  # a misspelt name is told before minutes of reading
  inputs = read.read(workdir, prepared, settings.ratings, vectors)
  names = choose(only, has_others=inputs.others is not None)
  if inputs.others is None:
    tell("no predictions of the train split: the baselines that learn from others are left out")
  suffix = f"_{settings.name}" if settings.name else ""
  file = workdir / f"baselines{suffix}.json"
  started = time.monotonic()

  def save(result, name):
    files.write_json(file, result)
    tell(f"{name}: done after {time.monotonic() - started:.0f} s")

  protocol = Protocol(tuple(settings.shots), settings.num_splits, settings.seed)
  result = evaluate(inputs, names, protocol, before=_before(file), save=save)
  table = personalize_users.user_table(result)
  files.write_frame(workdir / f"per_user_baselines{suffix}.csv", table)
  personalize_users.show(result)


def _before(file: Path) -> dict | None:
  """An earlier result, if there is one that can be read."""
  try:
    return files.read_json(file) if file.is_file() else None
  except UserError as error:
    tell(f"{error} Starting afresh.")
    return None
