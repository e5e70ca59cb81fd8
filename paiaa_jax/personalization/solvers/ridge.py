"""Ridge regression of a user's residuals on the auxiliary outputs (Eq. 6), and least squares."""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp

from paiaa_jax.personalization import linear
from paiaa_jax.personalization.penalties import GRID
from paiaa_jax.personalization.solvers.base import Prediction, Shots, Solver, alone

# What is believed of a user before any rating is seen; docs/method.md has what each costs and buys.
NO_TASTE = 0.3  # probability that the outputs say nothing of the user
NOISE = 0.2  # deviation of a rating about its score, as a share of the range of ratings
NOISE_RATINGS = 4.0  # how many ratings this belief about the noise counts for


@functools.lru_cache(maxsize=32)
def ridge(
  penalties: tuple[float, ...] = GRID,
  *,
  intercept: bool = True,
  rating_range: tuple[float, float] = (1.0, 5.0),
) -> Solver:
  """Least squares with a penalty * |w|^2 on the un-normalised Gram matrix.

  Args:
    penalties: one; or several, whose weights are averaged, each by how likely it makes the user's
      own shots. Infinity is the generic score, 0 is Eq. 7 as written (only as the one penalty).
    intercept: also fit a constant, without penalty (a harsh or a kind user). Without it, harshness
      is taken for a dislike of every output whose mean is not 0.
    rating_range: (lowest, highest) rating possible, which tells how noisy a rating may be; read
      where there are several penalties.

  Example:
    >>> penalty = pz.evaluate(pz.ridge(), users, splits).penalty  # the likeliest one
    >>> penalty.shape, bool((penalty >= np.float32(0.1)).all())
    ((2, 8, 3), True)
  """
  lowest, highest = rating_range
  variance = (NOISE * (highest - lowest)) ** 2
  settings = dict(penalties=penalties, intercept=intercept, variance=variance)
  return Solver(alone, functools.partial(_predict, **settings))


def ols() -> Solver:
  """Eq. 7 as written: least squares, no intercept.

  Example:
    >>> pz.evaluate(pz.ols(), users, splits).intercept.any()
    np.False_
  """
  return ridge((0.0,), intercept=False)


def _predict(
  state: tuple[()],
  shots: Shots,
  *,
  penalties: tuple[float, ...],
  intercept: bool,
  variance: float,
) -> Prediction:
  """The mean of the weights at each penalty under its posterior probability, and the likeliest one.

  With few shots no one penalty stands out. The mean keeps what is common to the likely ones, where
  a choice would often be too weak a penalty.
  """
  del state
  x = linear.design(shots.outputs)
  sums = linear.moments(x, shots.residuals, shots.seen)
  candidates = jnp.asarray(penalties, x.dtype)
  if len(penalties) == 1:
    weights = linear.fit_ridge(sums, candidates[0], intercept=intercept)
    return Prediction(shots.generic + x @ weights, weights=weights, penalty=candidates[0])

  def judge(penalty):
    likely = linear.log_evidence(sums, penalty, (variance, NOISE_RATINGS), intercept=intercept)
    return likely, linear.fit_ridge(sums, penalty, intercept=intercept)

  likely, weights = jax.lax.map(judge, candidates)
  posterior = jax.nn.softmax(likely + jnp.asarray(_log_prior(penalties), x.dtype))
  mean, penalty = posterior @ weights, candidates[jnp.argmax(posterior)]
  return Prediction(shots.generic + x @ mean, weights=mean, penalty=penalty)


def _log_prior(penalties: tuple[float, ...]) -> list[float]:
  """NO_TASTE for the infinite penalty; the finite ones share the rest alike."""
  finite = sum(map(math.isfinite, penalties))
  taste = math.log((1 - NO_TASTE) / max(finite, 1))
  return [taste if math.isfinite(penalty) else math.log(NO_TASTE) for penalty in penalties]
