"""The ways to learn a user's scores, by name; a file each. `base` says what a Solver is."""

from __future__ import annotations

from paiaa_jax.errors import UserError
from paiaa_jax.personalization.solvers.base import Prediction, Shots, Solver
from paiaa_jax.personalization.solvers.conditional import conditional
from paiaa_jax.personalization.solvers.empirical_bayes import empirical_bayes
from paiaa_jax.personalization.solvers.population_mean import population_mean
from paiaa_jax.personalization.solvers.ridge import ols, ridge
from paiaa_jax.personalization.solvers.sgd import sgd
from paiaa_jax.personalization.solvers.taste import taste

__all__ = ["SOLVERS", "Prediction", "Shots", "Solver", "named"]

SOLVERS = {
  "ridge": ridge,
  "ols": ols,
  "sgd": sgd,
  "empirical_bayes": empirical_bayes,
  "population_mean": population_mean,
  "conditional": conditional,
  "taste": taste,
}


def named(solver: str | Solver, rating_range: tuple[float, float] | None = None) -> Solver:
  """The solver of a name in SOLVERS, with its default settings; a Solver itself passes.

  `rating_range` is that of the users; None: whatever the solver takes it to be.

  Raises:
    UserError: an unknown name.
  """
  if not isinstance(solver, str):
    return solver
  if solver not in SOLVERS:
    raise UserError(f"solver {solver!r} is unknown; use one of {', '.join(SOLVERS)}.")
  if solver == "ridge" and rating_range is not None:
    return ridge(rating_range=tuple(rating_range))
  return SOLVERS[solver]()
