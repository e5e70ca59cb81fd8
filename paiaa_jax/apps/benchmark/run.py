"""Predictions scored under the protocol: JSON-ready figures, and a row for each person.

Shapes: u users, n images of the one who rated most (padded), s splits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
import polars as pl

from paiaa_jax.apps.benchmark import PROTOCOL
from paiaa_jax.apps.benchmark.read_scores import Scores
from paiaa_jax.apps.users_table import People
from paiaa_jax.personalization import protocol, statistics
from paiaa_jax.personalization.evaluation import Evaluation


def evaluate(
  people: People, ours: Scores, theirs: Scores | None, *, shots: Sequence[int], seed: int
) -> dict[str, Any]:
  """Figures for each k; see protocol.md for what each is.

  Args:
    people: whose ratings are held out.
    ours: what is scored.
    theirs: what it is compared with, person by person.
    shots: the k's.
    seed: of the draws.
  """
  evaluation = _rank(people, ours, shots, seed)
  if theirs is not None:
    other = _rank(people, theirs, shots, seed)
    evaluation = evaluation._replace(
      srcc_generic=other.srcc_personal, constant_generic=other.constant_personal
    )
  told = statistics.summarize(evaluation, tuple(shots), people.user_ids)
  images = people.valid.sum(axis=1)
  ignored = list(ours.ignored)
  if theirs is not None:
    ignored += [f"{what}, in the file to compare with" for what in theirs.ignored]
  return {
    "protocol": PROTOCOL,
    "people": len(people.user_ids),
    "ratings": int(images.sum()),
    "shots": list(shots),
    "num_splits": ours.scores.shape[-1],
    "seed": seed,
    "ignored": ignored,
    "by_shots": {
      str(k): _entry(told[str(k)], _at(evaluation, i), images - k, theirs is not None)
      for i, k in enumerate(shots)
    },
  }


def _at(evaluation: Evaluation, i: int) -> Evaluation:
  return jax.tree.map(lambda leaf: leaf[i], evaluation)


def user_table(result: dict[str, Any]) -> pl.DataFrame:
  """k, user, held_out, srcc, std (over splits), undefined_splits, and srcc_against, gain."""
  rows = [
    {"k": int(k)} | user for k, entry in result["by_shots"].items() for user in entry["users"]
  ]
  return pl.DataFrame(rows, infer_schema_length=None)


def _rank(people: People, some: Scores, shots: Sequence[int], seed: int) -> Evaluation:
  evaluation = protocol.evaluate_predictions(
    some.scores,
    people.generic,
    people.ratings,
    people.valid,
    shots=tuple(shots),
    num_splits=some.scores.shape[-1],
    seed=seed,
    user_ids=people.user_ids,
    image_ids=people.image_ids,
  )
  return jax.tree.map(np.asarray, evaluation)


def _entry(
  told: dict[str, Any], one: Evaluation, held_out: np.ndarray, compared: bool
) -> dict[str, Any]:
  """One k's figures; leaves of `one` are [u, ...], held_out [u]."""
  kept = np.flatnonzero(~one.left_out)
  entry = {
    "srcc": told["personal"],
    "interval": statistics.bootstrap(one.srcc_personal),
    "held_out": [int(held_out[kept].min()), int(held_out[kept].max())] if len(kept) else None,
    "undefined": {
      "constant_ratings": told["undefined"]["constant_ratings"],
      "constant_scores": told["undefined"]["constant_personal"],
    },
    "users_a_repeat": told["users_a_repeat"],
    "left_out": told["left_out"],
    "users": [],
  }
  for i, row in zip(kept, told["users"], strict=True):
    user = {"user": row["user"], "held_out": int(held_out[i]), "srcc": row["srcc_personal"]}
    user["std"] = statistics.over_repeats(one.srcc_personal[i : i + 1])["std"]
    user["undefined_splits"] = row["undefined_splits"]
    if compared:
      user |= {"srcc_against": row["srcc_generic"], "gain": row["gain"]}
    entry["users"].append(user)
  if compared:
    gain = statistics.bootstrap(one.srcc_personal - one.srcc_generic)
    entry |= {"against": told["generic"], "gain": gain, "test": told["test"]}
    entry["undefined"]["constant_against"] = told["undefined"]["constant_generic"]
  return entry
