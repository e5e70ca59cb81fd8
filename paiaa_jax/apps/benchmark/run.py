"""Predictions scored under the protocol: JSON-ready figures, and a row for each person.

Shapes: u users, n images of the one who rated most (padded), s splits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
import polars as pl

from paiaa_jax.apps.benchmark import PROTOCOL, read_scores
from paiaa_jax.apps.benchmark.read_scores import Scores
from paiaa_jax.personalization import evaluation, statistics
from paiaa_jax.personalization.evaluation import ranked_images
from paiaa_jax.personalization.held_out import Evaluation
from paiaa_jax.personalization.splits import Protocol, Splits, draw_splits
from paiaa_jax.personalization.users import Users
from paiaa_jax.types import Array


def evaluate_files(
  users: Users,
  ours: Path,
  against: Path | None,
  asked: Sequence[int],
  *,
  num_splits: int,
  seed: int,
) -> dict[str, Any]:
  """Figures for predictions in a file, see `evaluate`.

  Args:
    users: whose ratings are held out.
    ours: table of predictions, see read_scores.read.
    against: such a table to compare with, or None.
    asked: the k's; none: those of `ours`.
    num_splits, seed: of the draws.
  """
  table = read_scores.read(ours)
  shots = read_scores.choose_shots(table, asked, ours)
  splits = draw_splits(users, Protocol(shots, num_splits, seed))
  mine, theirs = read_scores.arrange(table, ours, users, splits), None
  if against:
    table = read_scores.read(against)
    read_scores.choose_shots(table, shots, against)
    theirs = read_scores.arrange(table, against, users, splits)
  return evaluate(users, splits, mine, theirs, seed)


def evaluate(
  users: Users, splits: Splits, ours: Scores, theirs: Scores | None, seed: int
) -> dict[str, Any]:
  """Figures for each k; see protocol.md for what each is.

  Args:
    users: whose ratings are held out.
    splits: of these users, with the k's.
    ours: what is scored.
    theirs: what it is compared with, user by user.
    seed: that the splits were drawn by.
  """
  shots = splits.shots
  found = evaluation.evaluate(ours.scores, users, splits)
  if theirs is not None:
    other = evaluation.evaluate(theirs.scores, users, splits)
    found = found._replace(
      srcc_generic=other.srcc_personal, constant_generic=other.constant_personal
    )
  told = statistics.summarize(found, shots, users.user_ids)
  images = users.valid.sum(axis=1)
  ignored = list(ours.ignored)
  if theirs is not None:
    ignored += [f"{what}, in the file to compare with" for what in theirs.ignored]
  return {
    "protocol": PROTOCOL,
    "people": len(users.user_ids),
    "ratings": int(images.sum()),
    "shots": list(shots),
    "num_splits": splits.num_splits,
    "seed": seed,
    "ignored": ignored,
    "by_shots": {
      str(k): _entry(told[str(k)], _at(found, i), images - k, theirs is not None)
      | {"agreement": _agreement(ours.scores[i], users, splits, k)}
      for i, k in enumerate(shots)
    },
  }


def _agreement(scores: Array, users: Users, splits: Splits, k: int) -> dict[str, Any]:
  """Mean over users of plcc, mae and rmse, and its interval; a user's splits are averaged first.

  In float64, where metrics.plcc and metrics.rmse are of float32 vectors. scores: [u, n, s].
  """
  held_out = ranked_images(users, splits, k)

  def mean(values: Array) -> np.ndarray:  # [u, n, s] -> [u, s]
    return statistics.finite_mean(np.where(held_out, values, np.nan), axis=1)

  scores = np.asarray(scores, np.float64)
  ratings = np.asarray(users.ratings, np.float64)[..., None]
  error, (a, b) = scores - ratings, (x - mean(x)[:, None] for x in (scores, ratings))
  scatter = mean(a * a) * mean(b * b)
  scatter[scatter < np.finfo(float).eps ** 2] = np.nan  # scores or ratings are all equal
  found = {
    "plcc": mean(a * b) / np.sqrt(scatter),
    "mae": mean(np.abs(error)),
    "rmse": np.sqrt(mean(np.square(error))),
  }
  told = {}
  for name, values in found.items():
    one = statistics.bootstrap(statistics.finite_mean(values, axis=1)[:, None])
    told[name] = {"mean": one["mean"], "people": one["people"]}
  return told


def _at(found: Evaluation, i: int) -> Evaluation:
  return jax.tree.map(lambda leaf: leaf[i], found)


def user_table(result: Mapping[str, Any]) -> pl.DataFrame:
  """k, user, held_out, srcc, std (over splits), undefined_splits, and srcc_against, gain."""
  rows = [
    {"k": int(k)} | user for k, entry in result["by_shots"].items() for user in entry["users"]
  ]
  return pl.DataFrame(rows, infer_schema_length=None)


def _entry(
  told: dict[str, Any], one: Evaluation, held_out: Array, compared: bool
) -> dict[str, Any]:
  """One k's figures; leaves of `one` are [u, ...], held_out [u]."""
  kept = np.flatnonzero(~one.left_out)
  undefined = {
    "constant_ratings": told["undefined"]["constant_ratings"],
    "constant_scores": told["undefined"]["constant_personal"],
  }
  entry = {
    "srcc": told["personal"],
    "interval": statistics.bootstrap(one.srcc_personal),
    "held_out": [int(held_out[kept].min()), int(held_out[kept].max())] if len(kept) else None,
    "undefined": undefined,
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
    undefined["constant_against"] = told["undefined"]["constant_generic"]
  return entry
