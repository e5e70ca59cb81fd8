"""Ridge regression of a user's residuals on the auxiliary outputs (Eq. 6), and least squares."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp

from paiaa_jax.personalization import linear
from paiaa_jax.personalization.penalties import GRID, RATINGS_A_WEIGHT
from paiaa_jax.personalization.solvers.base import Prediction, Shots, Solver, alone


@functools.lru_cache(maxsize=32)
def ridge(penalties: tuple[float, ...] = GRID, *, intercept: bool = True) -> Solver:
  """Least squares with a penalty * |w|^2 on the un-normalised Gram matrix.

  Args:
    penalties: one, or several from which each fit chooses by leave-one-out on its own shots, among
      those that set free no more effective weights than one for RATINGS_A_WEIGHT shots. Infinity is
      the generic score, 0 is Eq. 7 as written.
    intercept: also fit a constant, without penalty (a harsh or a kind user). Without it, harshness
      is taken for a dislike of every output whose mean is not 0.

  Example:
    >>> penalty = pz.evaluate(pz.ridge(), users, splits).penalty
    >>> penalty.shape, bool((penalty >= np.float32(0.1)).all())
    ((2, 8, 3), True)
  """
  return Solver(alone, functools.partial(_predict, penalties=penalties, intercept=intercept))


def ols() -> Solver:
  """Eq. 7 as written: least squares, no intercept.

  Example:
    >>> pz.evaluate(pz.ols(), users, splits).intercept.any()
    np.False_
  """
  return ridge((0.0,), intercept=False)


def _predict(
  state: tuple[()], shots: Shots, *, penalties: tuple[float, ...], intercept: bool
) -> Prediction:
  """Exact weights at the penalty of least leave-one-out error.

  With few shots that error is mostly noise, and the least of eight such errors usually belongs to
  too weak a penalty. So a penalty is admitted only where the shots can pay for the weights that it
  sets free; the strongest always is.
  """
  del state
  x = linear.design(shots.outputs)
  target = shots.residuals
  sums = linear.moments(x, target, shots.seen)
  candidates = jnp.asarray(penalties, x.dtype)

  def error(penalty):
    wrong, free = linear.leave_one_out(sums, x, target, shots.seen, penalty, intercept=intercept)
    paid = (free * RATINGS_A_WEIGHT <= sums.count) | (penalty == max(penalties))
    return jnp.where(paid, wrong, jnp.inf)

  one = len(penalties) == 1
  penalty = candidates[0] if one else candidates[jnp.argmin(jax.lax.map(error, candidates))]
  weights = linear.fit_ridge(sums, penalty, intercept=intercept)
  return Prediction(shots.generic + x @ weights, weights=weights, penalty=penalty)
