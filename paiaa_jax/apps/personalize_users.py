"""The paper's stage 2 on a run's predictions: Table V's figures and Fig. 6's rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Sized
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from ml_collections import ConfigDict
from rich.console import Console
from rich.table import Table

from paiaa_jax import files
from paiaa_jax.apps import evaluate_model, score_table, users_table
from paiaa_jax.data import databases, records
from paiaa_jax.data.vectors import Vectors
from paiaa_jax.errors import UserError
from paiaa_jax.personalization import evaluation, solvers, statistics
from paiaa_jax.personalization.solvers.base import alone
from paiaa_jax.personalization.splits import Protocol, Splits, draw_splits


def run(
  workdir: Path, prepared: Path, settings: ConfigDict, vectors: Vectors | None = None
) -> None:
  """Writes personalize.json and per_user.csv into a run's folder, and prints the table.

  Args:
    workdir: of the run; launch.evaluate has written predictions/<database>_test.parquet.
    prepared: folder of the database.
    settings: fields of config.personalize, see configs/base.py. `name` is in the files' names; with
      `scores`, scores_SOLVER.parquet is written too.
    vectors: of the photographs, in place of the features that launch.evaluate wrote.
  """
  suffix = f"_{settings.name}" if settings.name else ""
  protocol = Protocol(tuple(settings.shots), settings.num_splits, settings.seed)
  features = any(solvers.named(name).reads_coordinates for name in settings.solvers)
  inputs = read(workdir, prepared, settings.ratings, features=features, vectors=vectors)
  _check_prior(inputs, settings)

  def save_scores(solver: str, table: pl.DataFrame) -> None:
    files.write_frame(workdir / f"scores_{solver}{suffix}.parquet", table)

  result = evaluate(inputs, settings.solvers, protocol, save_scores if settings.scores else None)
  files.write_json(workdir / f"personalize{suffix}.json", result)
  files.write_frame(workdir / f"per_user{suffix}.csv", user_table(result))
  show(result)


def _check_prior(inputs: Inputs, settings: ConfigDict) -> None:
  """Raises UserError where a solver would learn from the test users without having been told to."""
  if settings.prior not in ("training_users", "test_shots"):
    raise UserError(f"unknown personalize.prior {settings.prior!r}; training_users or test_shots.")
  learn = [name for name in settings.solvers if solvers.named(name).init is not alone]
  if learn and inputs.others is None and settings.prior == "training_users":
    raise UserError(
      f"{learn[0]} learns from training users, of whose images there are no predictions out of "
      "fold; write them with launch.evaluate --out_of_fold, leave it out of personalize.solvers, "
      "or let it learn from other test users' shots, --config.personalize.prior=test_shots."
    )


class Inputs(NamedTuple):
  """What a run knows of the users of a database.

  Attributes:
    rated: the test users on the test photographs.
    others: training users where predictions out of fold exist, else None.
    database: its name.
  """

  rated: users_table.Rated
  others: users_table.Rated | None
  database: str


def read(
  workdir: Path,
  prepared: Path,
  other_ratings: str = "",
  *,
  features: bool = False,
  vectors: Vectors | None = None,
) -> Inputs:
  """Joins WORKDIR/predictions with the ratings of a prepared folder.

  Args:
    workdir: of the run; launch.evaluate has written predictions/<database>_test.parquet.
    prepared: folder of the database.
    other_ratings: a folder of the same database with other ratings, prepared or the distributor's.
    features: read the pooled features of the photographs too, as their coordinates.
    vectors: that are read in their place.

  Raises:
    UserError: predictions, features or ratings are missing, or do not fit together.
  """
  manifest = records.read_manifest(prepared)
  name, scale = manifest["name"], manifest["scale"]
  path = workdir / "predictions" / f"{name}_test.parquet"
  if not path.is_file():
    raise UserError(
      f"{path} is missing; write it with: "
      f"python -m launch.evaluate --workdir={workdir} --data={prepared} --split=test"
    )
  ratings = read_ratings(Path(other_ratings or prepared), name)
  test = ratings.filter(pl.col("split") == "test")
  if test.is_empty():
    raise UserError(f"{name} has no ratings by test users; stage 2 needs them.")
  rating_range = min(scale), max(scale)

  def join(path: Path, ratings: pl.DataFrame) -> users_table.Rated:
    predictions = evaluate_model.read_predictions(path)
    pooled = read_features(path, predictions, vectors) if features else None
    return users_table.join(predictions, ratings, rating_range=rating_range, coordinates=pooled)

  out_of_fold = path.with_name(f"{name}_{evaluate_model.OUT_OF_FOLD}.parquet")
  training = ratings.filter(pl.col("split") == "train")
  others = join(out_of_fold, training) if out_of_fold.is_file() else None
  return Inputs(join(path, test), others, name)


def read_features(path: Path, predictions: pl.DataFrame, vectors: Vectors | None) -> np.ndarray:
  """[n, d] of the photographs of a table of predictions: `vectors`, or what was written beside."""
  if vectors is None:
    return evaluate_model.read_features(path, len(predictions))
  return vectors.of(predictions["path"].cast(pl.String).to_list())


def evaluate(
  inputs: Inputs,
  names: Sequence[str],
  protocol: Protocol,
  save: Callable[[str, pl.DataFrame], None] | None = None,
) -> dict[str, Any]:
  """Every solver on the same splits.

  Args:
    inputs: see read.
    names: of solvers; the first is the headline.
    protocol: shots, splits and seed.
    save: is given each solver's name and its score_table, as soon as it is solved.

  Returns:
    A dict that is ready for JSON.
  """
  users = inputs.rated.users
  splits = draw_splits(users, protocol)
  results = {}
  for name in names:
    found = solve(inputs, name, splits, keep_scores=save is not None)
    results[name] = statistics.summarize(found, splits.shots, users.user_ids)
    if save and found.scores is not None:
      save(name, score_table.of_held_out(users, splits, found.scores))
  return {
    "database": inputs.database,
    "headline": names[0],
    **told(inputs.rated, inputs.others and inputs.others.users.user_ids, protocol),
    "solvers": results,
  }


def told(rated: users_table.Rated, others: Sized | None, protocol: Protocol) -> dict[str, Any]:
  """What a result says of its users and splits; `others` are the ids of the other users."""
  return {
    "shots": list(protocol.shots),
    "num_splits": protocol.num_splits,
    "seed": protocol.seed,
    "people": len(rated.users.user_ids),
    "crowd": 0 if others is None else len(others),
    "ratings": int(rated.users.valid.sum()),
    "unscored_ratings": rated.unscored,
    "aux_names": list(rated.output_names),
  }


def solve(
  inputs: Inputs, name: str, splits: Splits, *, keep_scores: bool = False
) -> evaluation.Evaluation:
  """One solver's Evaluation; it learns from the training users where it can and they are known."""
  solver = solvers.named(name, inputs.rated.users.rating_range)
  state = None if inputs.others is None else solver.init(inputs.others.users)
  return evaluation.evaluate(
    solver, inputs.rated.users, splits, state=state, keep_scores=keep_scores
  )


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
  """Columns user, path, score, split, from a prepared folder or the distributor's.

  A test user's ratings of images for training or validation, which PARA has, are left out: stage 1
  has learned from what others said of those.
  """
  if (folder / "ratings.parquet").is_file():
    ratings = records.read_table(folder, "ratings")
    if not (folder / "index.parquet").is_file():  # other ratings of the same images
      return ratings
    images = records.read_index(folder)
  elif (folder / "manifest.json").is_file() or name not in databases.DATABASES:
    raise UserError(f"{folder} has no ratings.parquet: {name} has no ratings by user.")
  else:
    database = databases.DATABASES[name](folder)
    ratings, images = database.ratings, database.images
  learned = images.filter(pl.col("split") != "test")["path"].to_list()
  return ratings.filter((pl.col("split") != "test") | ~pl.col("path").is_in(learned))


def _plus_minus(side: dict[str, float | None]) -> str:
  mean, std = side["mean"], side["std"]
  return "undefined" if mean is None else f"{mean:.3f}" + ("" if std is None else f" ± {std:.3f}")
