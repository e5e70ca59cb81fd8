"""Every baseline on the splits that launch.personalize draws; JSON like its own, a key a baseline.

A baseline is given the k shots (`inputs.Shots`). The held-out ratings of the same splits are read
afterwards, by `evaluation.evaluate`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
from threadpoolctl import threadpool_limits

from paiaa_jax.apps import personalize_users
from paiaa_jax.errors import UserError
from paiaa_jax.personalization import evaluation, statistics
from paiaa_jax.personalization.splits import Protocol, Splits, draw_splits
from paiaa_jax.personalization.users import Users
from studies.baselines import fpmf, own_ratings, pair_ranking, regression_ranking, residual_svr
from studies.baselines.inputs import Baseline, Photos, take_shots
from studies.baselines.read import Inputs


class Entry(NamedTuple):
  """A baseline and the title of its row; one that needs other users is made from them."""

  function: Baseline | Callable[[Users], Baseline]
  title: str
  needs_others: bool = False


BASELINES = {
  "residual_svr_traits": Entry(residual_svr.on_traits, "SVR on the residual, our traits"),
  "residual_svr_features": Entry(residual_svr.on_features, "SVR on the residual, our features"),
  "residual_svr_both": Entry(residual_svr.on_both, "SVR on the residual, both"),
  "fpmf_traits": Entry(fpmf.on_traits, "FPMF, our traits", True),
  "fpmf_features": Entry(fpmf.on_features, "FPMF, our features", True),
  "fpmf_both": Entry(fpmf.on_both, "FPMF, both", True),
  "regression_ranking": Entry(
    regression_ranking.regression_ranking, "joint regression and ranking, our features"
  ),
  "pair_ranking": Entry(pair_ranking.pair_ranking, "ranking of pairs, our features"),
  "own_ridge": Entry(own_ratings.ridge, "ridge on own ratings, our features"),
  "own_svr": Entry(own_ratings.support_vector, "SVR on own ratings, our features"),
}


def choose(only: Sequence[str], has_others: bool) -> list[str]:
  """Names of BASELINES to run, in its order: all that can be, or those of `only`.

  Raises:
    UserError: an unknown name, or one that needs other users where there are none.
  """
  for name in only:
    if name not in BASELINES:
      raise UserError(f"baseline {name!r} is unknown; use any of {', '.join(BASELINES)}.")
    if BASELINES[name].needs_others and not has_others:
      raise UserError(
        f"{name} learns from training users; write their photographs' predictions with: "
        "python -m launch.evaluate --split=train --features."
      )
  wanted = only or [n for n, entry in BASELINES.items() if has_others or not entry.needs_others]
  return [name for name in BASELINES if name in wanted]


def settings(inputs: Inputs, protocol: Protocol) -> dict[str, Any]:
  """What a result depends on; results of other settings are never put into one file."""
  return {
    "database": inputs.database,
    "shots": list(protocol.shots),
    "num_splits": protocol.num_splits,
    "seed": protocol.seed,
    "inputs": inputs.digest,
  }


def evaluate(
  inputs: Inputs,
  names: Iterable[str],
  protocol: Protocol,
  *,
  before: dict[str, Any] | None = None,
  save: Callable[[dict[str, Any], str], None] = lambda result, name: None,
) -> dict[str, Any]:
  """The baselines `names` that `before` lacks, after those it has.

  Args:
    inputs: see read.Inputs.
    names: keys of BASELINES.
    protocol: shots, splits and seed.
    before: an earlier result; with other settings it counts for nothing.
    save: is given the result after each baseline, and the baseline's name.

  Returns:
    The keys of personalize_users.evaluate's dict, `inputs` (a digest) and `titles`.
  """
  fixed = settings(inputs, protocol)
  same = before is not None and all(before.get(key) == value for key, value in fixed.items())
  solvers = dict(before["solvers"]) if same else {}
  users = inputs.rated.users
  splits = draw_splits(users, protocol)
  result = _told(inputs, fixed, protocol, solvers)
  for name in names:
    if name in solvers:
      continue
    with threadpool_limits(1, user_api="blas"):  # thousands of small products: threads only wait
      scores = predict(learn(name, inputs), inputs, splits)
    found = evaluation.evaluate(scores, users, splits)
    solvers[name] = statistics.summarize(found, splits.shots, users.user_ids)
    result = _told(inputs, fixed, protocol, solvers)
    save(result, name)
  return result


def learn(name: str, inputs: Inputs) -> Baseline:
  """The baseline `name`, fitted to the other users where it needs them."""
  entry = BASELINES[name]
  function = cast(Any, entry.function)  # one that needs others is made by a function of them
  return function(inputs.others) if entry.needs_others else function


def predict(baseline: Baseline, inputs: Inputs, splits: Splits) -> np.ndarray:
  """Scores [shots, u, n, s]; who has fewer than k + 2 photographs keeps the generic score."""
  users, shots, num_splits = inputs.rated.users, splits.shots, splits.num_splits
  photos = Photos(users.images, inputs.features)
  scores = np.tile(users.generic[None, ..., None], (len(shots), 1, 1, num_splits))
  for i, k in enumerate(shots):
    members, own = take_shots(users, splits, k)
    if members.size:
      scores[i, members] = baseline(photos, own)
  return scores


def _told(
  inputs: Inputs, fixed: dict[str, Any], protocol: Protocol, solvers: dict[str, Any]
) -> dict[str, Any]:
  ordered = {name: solvers[name] for name in BASELINES if name in solvers}
  others = None if inputs.others is None else inputs.others.user_ids
  return {
    **fixed,
    "headline": next(iter(ordered), ""),
    **personalize_users.told(inputs.rated, others, protocol),
    "titles": {name: BASELINES[name].title for name in ordered},
    "solvers": ordered,
  }
