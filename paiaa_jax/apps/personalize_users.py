"""The paper's stage 2 on a run's predictions: Table V's figures and Fig. 6's rows as one dict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

from paiaa_jax import files
from paiaa_jax.apps import evaluate_model, score_table, users_table
from paiaa_jax.data import databases, records
from paiaa_jax.errors import UserError
from paiaa_jax.personalization import bayes, crowd, protocol, solvers, statistics

# Predictions for training photographs, each by a network that was not trained on it.
OUT_OF_FOLD = "out_of_fold"


class Inputs(NamedTuple):
  """What a run knows of the people of a database.

  Attributes:
    people: the test users on the test photographs.
    crowd: training users where predictions out of fold exist, else None.
    scale: (lowest, highest) rating possible.
    database: its name.
    predictions: the file that the scores were read from; features lie beside it.
  """

  people: users_table.People
  crowd: users_table.People | None
  scale: tuple[float, float]
  database: str
  predictions: Path | None = None


def read(workdir: Path, prepared: Path, other_ratings: str = "") -> Inputs:
  """Joins WORKDIR/predictions with the ratings of a prepared folder.

  Args:
    workdir: of the run; launch.evaluate has written predictions/<database>_test.parquet.
    prepared: folder of the database.
    other_ratings: a folder of the same database with other ratings, prepared or the distributor's.

  Raises:
    UserError: predictions or ratings are missing, or do not fit together.
  """
  manifest = records.read_manifest(prepared)
  name, scale = manifest["name"], manifest["scale"]
  predictions = workdir / "predictions" / f"{name}_test.parquet"
  if not predictions.is_file():
    raise UserError(
      f"{predictions} is missing; write it with: "
      f"python -m launch.evaluate --workdir={workdir} --data={prepared} --split=test"
    )
  ratings = read_ratings(Path(other_ratings or prepared), name)
  test = ratings.filter(pl.col("split") == "test")
  if test.is_empty():
    raise UserError(f"{name} has no ratings by test users; stage 2 needs them.")
  people = users_table.join_people(files.read_parquet(predictions), test)
  others = workdir / "predictions" / f"{name}_{OUT_OF_FOLD}.parquet"
  outsiders = None
  if others.is_file():
    training = ratings.filter(pl.col("split") == "train")
    outsiders = users_table.join_people(files.read_parquet(others), training)
  return Inputs(people, outsiders, (min(scale), max(scale)), name, predictions)


def evaluate(
  inputs: Inputs,
  *,
  shots: Sequence[int],
  num_splits: int,
  solvers: Sequence[str],
  seed: int,
  save: Callable[[str, pl.DataFrame], None] | None = None,
) -> dict[str, Any]:
  """Every solver on the same splits.

  Args:
    inputs: see read.
    shots, num_splits, seed: as in protocol.evaluate_splits.
    solvers: names; the first is the headline.
    save: is given each solver's name and its score_table, as soon as it is solved.

  Returns:
    A dict that is ready for JSON.
  """
  people = inputs.people
  draws = dict(shots=tuple(shots), num_splits=num_splits, seed=seed)
  settings = dict(draws, prior=crowd_prior(inputs), keep_scores=save is not None)
  results = {}
  for solver in solvers:
    evaluation = solve(inputs, solver, **settings)
    results[solver] = statistics.summarize(evaluation, tuple(shots), people.user_ids)
    if save:
      save(solver, score_table.of_held_out(people, evaluation.scores, **draws))
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


def crowd_prior(inputs: Inputs) -> bayes.Prior | None:
  """What the crowd tells of a person not in it; None without a crowd."""
  if inputs.crowd is None:
    return None
  outside = inputs.crowd
  ids = dict(user_ids=outside.user_ids, image_ids=outside.image_ids)
  return crowd.crowd_prior(*outside[:4], scale=inputs.scale, **ids)


def solve(inputs: Inputs, solver: str, **settings: Any) -> protocol.Evaluation:
  """One solver's Evaluation; settings are those of protocol.evaluate_splits."""
  people = inputs.people
  weighs_by_features = isinstance(solvers.named(solver), solvers.Conditional)
  evaluation = protocol.evaluate_splits(
    *people[:4],
    solver=solver,
    user_ids=people.user_ids,
    image_ids=people.image_ids,
    scale=inputs.scale,
    features=_features(inputs) if weighs_by_features else None,
    **settings,
  )
  return jax.tree.map(np.asarray, evaluation)


def _features(inputs: Inputs) -> np.ndarray:
  """Pooled features [u, n, f] of the people's photographs; 0 where padded."""
  if inputs.predictions is None:
    raise ValueError("no file of predictions, and so no features to weigh by.")
  names = files.read_parquet(inputs.predictions, columns=["image"])["image"]
  rows = evaluate_model.read_features(inputs.predictions, len(names))
  row_of = {name: row for row, name in enumerate(names)}
  place = np.array([[row_of.get(name, -1) for name in own] for own in inputs.people.image_ids])
  return np.where((place >= 0)[..., None], rows[place], 0)


def user_table(result: dict[str, Any]) -> pl.DataFrame:
  """One row for each solver, k and user."""
  return users_table.user_frame(result["solvers"])


def show(result: dict[str, Any]) -> None:
  """Prints Table V's figures for every solver."""
  title = (
    f"SROCC of {result['people']} people of {result['database']}, {result['num_splits']} splits"
  )
  table = Table(title=title)
  for column in ("solver", "k", "generic", "personal", "gain (95 %)", "p", "left out"):
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
    return files.read_parquet(prepared)
  if (folder / "manifest.json").is_file() or name not in databases.DATABASES:
    raise UserError(f"{folder} has no ratings.parquet: {name} has no ratings by user.")
  return databases.DATABASES[name](folder).ratings


def _plus_minus(side: dict[str, float | None]) -> str:
  mean, std = side["mean"], side["std"]
  return "undefined" if mean is None else f"{mean:.3f}" + ("" if std is None else f" ± {std:.3f}")
