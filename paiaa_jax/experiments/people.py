"""The paper's stage 2 on a run's predictions: Table V's figures and Fig. 6's rows as one dict."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

from paiaa_jax.data import databases, records
from paiaa_jax.personalization import crowd, protocol, summary, tables

# Predictions for training photographs, each by a network that was not trained on it.
OUT_OF_FOLD = "out_of_fold"


class Inputs(NamedTuple):
  """What a run knows of the people of a database.

  Attributes:
    people: the test users on the test photographs.
    crowd: training users where predictions out of fold exist, else None.
    scale: (lowest, highest) rating possible.
    database: its name.
  """

  people: tables.People
  crowd: tables.People | None
  scale: tuple[float, float]
  database: str


def read(workdir: Path, prepared: Path, other_ratings: str = "") -> Inputs:
  """Joins WORKDIR/predictions with the ratings of a prepared folder.

  Args:
    workdir: of the run; launch.evaluate has written predictions/<database>_test.parquet.
    prepared: folder of the database.
    other_ratings: a folder of the same database with other ratings, prepared or the distributor's.

  Raises:
    FileNotFoundError: predictions or ratings are missing.
    ValueError: they do not fit together.
  """
  manifest = records.read_manifest(prepared)
  name, scale = manifest["name"], manifest["scale"]
  predictions = workdir / "predictions" / f"{name}_test.parquet"
  if not predictions.is_file():
    raise FileNotFoundError(
      f"{predictions} is missing; write it with: "
      f"python -m launch.evaluate --workdir={workdir} --data={prepared} --split=test"
    )
  ratings = read_ratings(Path(other_ratings or prepared), name)
  test = ratings.filter(pl.col("split") == "test")
  if test.is_empty():
    raise ValueError(f"{name} has no ratings by test users; stage 2 needs them.")
  people = tables.join_people(pl.read_parquet(predictions), test)
  others = workdir / "predictions" / f"{name}_{OUT_OF_FOLD}.parquet"
  outsiders = None
  if others.is_file():
    training = ratings.filter(pl.col("split") == "train")
    outsiders = tables.join_people(pl.read_parquet(others), training)
  return Inputs(people, outsiders, (min(scale), max(scale)), name)


def evaluate(
  inputs: Inputs, *, shots: Sequence[int], num_splits: int, solvers: Sequence[str], seed: int
) -> dict[str, Any]:
  """Every solver on the same splits: JSON-ready; the first solver is the headline."""
  people = inputs.people
  prior = None
  if inputs.crowd is not None:
    outside = inputs.crowd
    ids = dict(user_ids=outside.user_ids, image_ids=outside.image_ids)
    prior = crowd.crowd_prior(*outside[:4], scale=inputs.scale, **ids)
  results = {}
  for solver in solvers:
    evaluation = protocol.evaluate_splits(
      *people[:4],
      shots=tuple(shots),
      num_splits=num_splits,
      seed=seed,
      solver=solver,
      user_ids=people.user_ids,
      image_ids=people.image_ids,
      prior=prior,
      scale=inputs.scale,
    )
    evaluation = jax.tree.map(np.asarray, evaluation)
    results[solver] = summary.summarize(evaluation, tuple(shots), people.user_ids)
  return {
    "database": inputs.database,
    "headline": solvers[0],
    "shots": list(shots),
    "num_splits": num_splits,
    "seed": seed,
    "people": len(people.user_ids),
    "crowd": 0 if inputs.crowd is None else len(inputs.crowd.user_ids),
    "ratings": int(people.valid.sum()),
    "unscored_ratings": people.unscored,
    "aux_names": list(people.aux_names),
    "solvers": results,
  }


def user_table(result: dict[str, Any]) -> pl.DataFrame:
  """One row for each solver, k and user."""
  return tables.user_frame(result["solvers"])


def show(result: dict[str, Any]) -> None:
  """Prints Table V's figures for every solver."""
  title = (
    f"SROCC of {result['people']} people of {result['database']}, {result['num_splits']} splits"
  )
  table = Table("solver", "k", title=title)
  for column in ("generic", "personal", "gain (95 %)", "p", "left out"):
    table.add_column(column, overflow="fold")
  for solver, by_shots in result["solvers"].items():
    for k, one in by_shots.items():
      test = one["test"]
      table.add_row(
        solver,
        k,
        *(_plus_minus(one[side]) for side in ("generic", "personal")),
        "undefined"
        if test["gain"] is None
        else "{gain:+.3f} ({low:+.3f}..{high:+.3f})".format(**test),
        "" if test["p_value"] is None else f"{test['p_value']:.2g}",
        str(len(one["left_out"])),
      )
  Console().print(table)


def read_ratings(folder: Path, name: str) -> pl.DataFrame:
  """Columns user, image, score, split, from a prepared folder or the distributor's."""
  prepared = folder / "ratings.parquet"
  if prepared.is_file():
    return pl.read_parquet(prepared)
  if (folder / "manifest.json").is_file() or name not in databases.DATABASES:
    raise FileNotFoundError(f"{folder} has no ratings.parquet: {name} has no ratings by user.")
  return databases.DATABASES[name](folder).ratings


def _plus_minus(side: dict[str, float | None]) -> str:
  mean, std = side["mean"], side["std"]
  return "undefined" if mean is None else f"{mean:.3f}" + ("" if std is None else f" ± {std:.3f}")
