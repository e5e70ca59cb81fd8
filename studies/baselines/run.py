"""Every baseline on the splits that launch.personalize draws; JSON like its own, a key a baseline.

What a baseline is given are the k shots (`inputs.Shots`); the ratings held out are read afterwards,
by `protocol.evaluate_predictions`, on the images that the same draws hold out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from paiaa_jax.errors import UserError
from paiaa_jax.personalization import protocol, statistics
from paiaa_jax.personalization.splits import draw_splits
from studies.baselines import fpmf, own_ratings, pair_ranking, regression_ranking, residual_svr
from studies.baselines.inputs import Baseline, Crowd, take_shots
from studies.baselines.read import Inputs


class Entry(NamedTuple):
  """A baseline and the title of its row; one that needs a crowd is made from it."""

  function: Baseline | Callable[[Crowd], Baseline]
  title: str
  needs_crowd: bool = False


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


def choose(only: Sequence[str], has_crowd: bool) -> list[str]:
  """Names of BASELINES to run, in its order: all that can be, or those of `only`.

  Raises:
    UserError: an unknown name, or one that needs a crowd where there is none.
  """
  for name in only:
    if name not in BASELINES:
      raise UserError(f"baseline {name!r} is unknown; use any of {', '.join(BASELINES)}.")
    if BASELINES[name].needs_crowd and not has_crowd:
      raise UserError(
        f"{name} learns from training users; write their photographs' predictions with: "
        "python -m launch.evaluate --split=train --features."
      )
  wanted = only or [n for n, entry in BASELINES.items() if has_crowd or not entry.needs_crowd]
  return [name for name in BASELINES if name in wanted]


def settings(inputs: Inputs, *, shots: Sequence[int], num_splits: int, seed: int) -> dict[str, Any]:
  """What a result rests on: results with other settings are not put beside it."""
  return {
    "database": inputs.database,
    "shots": list(shots),
    "num_splits": num_splits,
    "seed": seed,
    "inputs": inputs.digest,
  }


def evaluate(
  inputs: Inputs,
  names: Iterable[str],
  *,
  shots: Sequence[int],
  num_splits: int,
  seed: int,
  before: dict[str, Any] | None = None,
  save: Callable[[dict[str, Any], str], None] = lambda result, name: None,
) -> dict[str, Any]:
  """The baselines `names` that `before` lacks, after those it has.

  Args:
    inputs: see read.Inputs.
    names: keys of BASELINES.
    shots, num_splits, seed: as in protocol.evaluate_splits.
    before: an earlier result; with other settings it counts for nothing.
    save: is given the result after each baseline, and the baseline's name.

  Returns:
    The keys of people.evaluate's dict, `inputs` (a digest) and `titles`.
  """
  fixed = settings(inputs, shots=shots, num_splits=num_splits, seed=seed)
  same = before is not None and all(before.get(key) == value for key, value in fixed.items())
  solvers = dict(before["solvers"]) if same else {}
  result = _told(inputs, fixed, solvers)
  for name in names:
    if name in solvers:
      continue
    with threadpool_limits(1, user_api="blas"):  # thousands of small products: threads only wait
      scores = predict(learn(name, inputs), inputs, tuple(shots), num_splits, seed)
    solvers[name] = _summary(inputs, scores, tuple(shots), num_splits, seed)
    result = _told(inputs, fixed, solvers)
    save(result, name)
  return result


def learn(name: str, inputs: Inputs) -> Baseline:
  """The baseline `name`, once it has learned from the crowd what it needs to."""
  entry = BASELINES[name]
  return entry.function(inputs.crowd) if entry.needs_crowd else entry.function


def predict(
  baseline: Baseline, inputs: Inputs, shots: tuple[int, ...], num_splits: int, seed: int
) -> np.ndarray:
  """Scores [shots, u, n, s]; who has fewer than k + 2 photographs keeps the generic score."""
  people = inputs.people
  ids = people.user_ids, people.image_ids
  draws = draw_splits(people.valid, *ids, num_splits=num_splits, seed=seed)
  generic = np.where(people.valid, people.generic, 0)[None, ..., None]
  scores = np.tile(generic, (len(shots), 1, 1, num_splits)).astype(np.float32)
  for i, k in enumerate(shots):
    members, own = take_shots(inputs.photo, people.ratings, people.valid, draws, k)
    if members.size:
      scores[i, members] = baseline(inputs.photos, own)
  return scores


def _summary(
  inputs: Inputs, scores: np.ndarray, shots: tuple[int, ...], num_splits: int, seed: int
) -> dict[str, Any]:
  people = inputs.people
  evaluation = protocol.evaluate_predictions(
    scores,
    people.generic,
    people.ratings,
    people.valid,
    shots=shots,
    num_splits=num_splits,
    seed=seed,
    user_ids=people.user_ids,
    image_ids=people.image_ids,
  )
  return statistics.summarize(evaluation, shots, people.user_ids)


def _told(inputs: Inputs, fixed: dict[str, Any], solvers: dict[str, Any]) -> dict[str, Any]:
  people = inputs.people
  ordered = {name: solvers[name] for name in BASELINES if name in solvers}
  return {
    **fixed,
    "headline": next(iter(ordered), ""),
    "people": len(people.user_ids),
    "crowd": 0 if inputs.crowd is None else len(np.unique(inputs.crowd.user)),
    "ratings": int(people.valid.sum()),
    "unscored_ratings": people.unscored,
    "aux_names": list(people.aux_names),
    "titles": {name: BASELINES[name].title for name in ordered},
    "solvers": ordered,
  }
