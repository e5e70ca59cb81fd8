"""What a description of a user is worth beside their ratings: Big-Five, age, schooling, from k = 0.

A run's test users are scored by `personalization.described`, the prior of weights learnt from the
training users, with all that describes them, with part of it, and with traits shuffled over users.
Each is compared with the prior that is the same for everybody.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from ml_collections import ConfigDict

from paiaa_jax import files, rng
from paiaa_jax.apps import evaluate_model, personalize_users
from paiaa_jax.data.databases import table_file, trait_columns
from paiaa_jax.data.text_file import LINE
from paiaa_jax.errors import UserError
from paiaa_jax.personalization import described, evaluation, statistics
from paiaa_jax.personalization.splits import Protocol, draw_splits
from paiaa_jax.types import TRAITS

USERS = ("user", "userId", "user_id", "participant_id")  # columns that name a user, as databases do
SHUFFLED = "shuffled traits"
NOTHING = "nothing"


def run(workdir: Path, prepared: Path, people: Path, settings: ConfigDict) -> dict[str, Any]:
  """Writes described.json into a run's folder, prints the table and returns what was written.

  Args:
    workdir: of the run; launch.evaluate has written predictions of the test split and, as
      predictions/<database>_out_of_fold.parquet, of the training users' photographs.
    prepared: folder of the database.
    people: a table of users, such as PARA-UserInfo.csv: a column of USERS, Big-Five and others.
    settings: fields of config.personalize, see configs/base.py.
  """
  inputs = personalize_users.read(workdir, prepared, settings.ratings)
  if inputs.others is None:
    raise UserError(
      f"a prior from descriptions is learnt from training users: {workdir}/predictions lacks "
      f"{inputs.database}_{evaluate_model.OUT_OF_FOLD}.parquet."
    )
  protocol = Protocol(tuple(settings.shots), settings.num_splits, settings.seed)
  result = evaluate(inputs, read_people(people), protocol)
  files.write_json(workdir / "described.json", result)
  personalize_users.show(result)
  return result


def read_people(path: Path) -> pl.DataFrame:
  """`user` and a column of numbers for each thing that is known; the five traits by their names.

  A column of words becomes one of 0 and 1 for each word but the first; an empty cell is null.

  Raises:
    UserError: no column names a user, or one comes twice.
  """
  table = table_file.read(path)
  key = next((name for name in USERS if name in table.columns), None)
  if key is None:
    raise UserError(f"{path} has no column of users ({', '.join(USERS)}).")
  if table[key].is_duplicated().any():
    raise UserError(f"{path} has user {table.filter(table[key].is_duplicated())[key][0]!r} twice.")
  traits = {name: trait for trait, name in trait_columns.find(table).items()}
  columns = {"user": table[key]}
  for name in table.columns:
    if name in (key, LINE):
      continue
    cells = table[name].replace("", None)
    numbers = cells.cast(pl.Float64, strict=False)
    if numbers.null_count() == cells.null_count():
      columns[traits.get(name, name)] = numbers
      continue
    for word in sorted(set(cells.drop_nulls()))[1:]:
      columns[f"{name} {word}"] = (cells == word).cast(pl.Float64)
  return pl.DataFrame(columns)


def evaluate(
  inputs: personalize_users.Inputs, people: pl.DataFrame, protocol: Protocol
) -> dict[str, Any]:
  """Each description at k = 0 and the protocol's shots; JSON-ready, as personalize_users.evaluate.

  `generic` of a row is the prior that is the same for everybody, after the same ratings.

  Raises:
    UserError: no users to learn from, or none of them in the table of people.
  """
  assert inputs.others is not None
  known, users = inputs.others.users, inputs.rated.users
  drawn = draw_splits(users, protocol)
  splits = dataclasses.replace(drawn, shots=(0, *drawn.shots))
  found = {}
  for name, columns in descriptions(people, protocol.seed).items():
    both = [_rows(columns, ids) for ids in (known.user_ids, users.user_ids)]
    if not np.isfinite(both[0]).any() and name != NOTHING:
      raise UserError("no training user is in the table of people; are they named alike?")
    prior = described.fit(known, both[0])
    scores = described.predict(prior, users, both[1], splits)
    found[name] = evaluation.evaluate(scores, users, splits)
  alike = found.pop(NOTHING)
  results = {}
  for name, one in found.items():
    against = one._replace(
      srcc_generic=alike.srcc_personal, constant_generic=alike.constant_personal
    )
    results[name] = statistics.summarize(against, splits.shots, users.user_ids)
  told = personalize_users.told(inputs.rated, known.user_ids, protocol)
  return {
    "database": inputs.database,
    "headline": next(iter(results)),
    **told,
    "shots": list(splits.shots),
    "solvers": results,
  }


def descriptions(people: pl.DataFrame, seed: int) -> dict[str, pl.DataFrame]:
  """Tables with `user`: NOTHING, what is known of each kind, all, and traits of another user."""
  traits = [name for name in TRAITS if name in people.columns]
  others = [name for name in people.columns if name not in (*traits, "user")]
  tables = {NOTHING: people.select("user", nothing=pl.lit(0.0))}
  if traits:
    tables["traits"] = people.select("user", *traits)
  if others:
    tables["demographics"] = people.select("user", *others)
  if traits and others:
    tables["traits and demographics"] = people
  if traits:
    order = rng.generator(seed, "shuffled traits").permutation(len(people))
    tables[SHUFFLED] = people.select("user").hstack(people.select(traits)[order])
  return tables


def _rows(table: pl.DataFrame, ids: np.ndarray) -> np.ndarray:
  """[u, q], NaN for users who are not in the table."""
  wanted = pl.DataFrame({"user": ids.astype(str)})
  rows = wanted.join(table, "user", how="left", maintain_order="left").drop("user")
  return rows.cast(pl.Float64).fill_null(float("nan")).to_numpy()
