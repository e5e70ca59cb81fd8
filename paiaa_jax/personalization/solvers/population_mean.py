"""The taste that users share beyond the generic score: everybody has the prior's mean weights.

Ratings of new photographs correct the generic score for everybody alike; this solver shows that
part, and nothing personal. `empirical_bayes` is to be compared with it.
"""

from __future__ import annotations

import functools

from paiaa_jax.personalization import linear
from paiaa_jax.personalization.solvers.base import (
  Prediction,
  Shots,
  Solver,
  over_users_and_splits,
)
from paiaa_jax.personalization.solvers.empirical_bayes import (
  Prior,
  fit_prior_of,
  moments_and_priors,
)
from paiaa_jax.personalization.splits import Splits
from paiaa_jax.personalization.users import Users
from paiaa_jax.types import Array


@functools.lru_cache(maxsize=32)
def population_mean(*, groups: int = 40) -> Solver:
  """The mean weights of the other users; `groups` as in `empirical_bayes`.

  Example:
    >>> pz.population_mean().init(users.take(slice(4, 8))).mean.shape  # outputs and intercept
    (6,)
  """
  return Solver(fit_prior_of, _predict, functools.partial(_fit_all, groups=groups))


def _predict(prior: Prior, shots: Shots) -> Prediction:
  return _scores(prior.mean, shots.generic, shots.outputs)


def _scores(weights: Array, generic: Array, outputs: Array) -> Prediction:
  return Prediction(generic + linear.design(outputs) @ weights, weights=weights)


def _fit_all(prior: Prior | None, users: Users, splits: Splits, *, groups: int) -> Prediction:
  _, priors = moments_and_priors(prior, users, splits, groups)
  return over_users_and_splits(_scores, (1, 2))(priors.mean, users.generic, users.outputs)
