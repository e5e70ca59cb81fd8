"""The normal that fits a posterior of scores best: exact for ratings, Laplace's for the rest.

    scores ~ N(mean, covariance), what was told ~ likelihood(scores)

Newton's method finds the most likely scores; the curvature there gives the variances (Rasmussen and
Williams 2006, algorithms 3.1 and 3.2, with a likelihood that ties photographs together).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from paiaa_jax.personalization import likelihood
from paiaa_jax.personalization.likelihood import Local, Told

STEPS = 50
CLOSE = 1e-5  # points by which the last step moves scores; what is left is about its square


class Fit(NamedTuple):
  """The scores [n] of photographs that something was told of.

  Attributes:
    scores: [n], the most likely.
    dual: [n]; covariance with the n photographs, times dual, is what any score moves by.
    precision: [n, n]; any score's variance is lowered by c . precision c, c its covariances.
    evidence: the logarithm of how likely it is that this was told.
    local: the likelihood near the scores.
  """

  scores: np.ndarray
  dual: np.ndarray
  precision: np.ndarray
  evidence: float
  local: Local


def fit(
  told: Told,
  mean: np.ndarray,
  covariance: np.ndarray,
  taste: float,
  noise: float,
  start: np.ndarray | None = None,
) -> Fit:
  """The fit under a prior's mean [n] and covariance [n, n] of the scores; see likelihood.expand.

  start: [n], a dual near the result; the result does not depend on it.
  """
  dual = np.zeros(len(mean)) if start is None or told.ratings_alone else start
  scores, identity = mean + covariance @ dual, np.eye(len(mean))
  local = likelihood.expand(told, scores, taste, noise)
  for _ in range(STEPS):
    bend, (_, gradient) = local.bend(), local.total()
    target = np.linalg.solve(identity + bend @ covariance, bend @ (scores - mean) + gradient)
    step = target - dual
    dual = dual + _length(told, mean, covariance, dual, step, taste, noise) * step
    moved, scores = scores, mean + covariance @ dual
    local = likelihood.expand(told, scores, taste, noise)
    # of ratings alone the first step is exact, as the curvature is the same everywhere
    if told.ratings_alone or np.max(np.abs(scores - moved)) < CLOSE:
      break
  value, _ = local.total()
  half, log_det = _root(local, covariance)
  evidence = value - dual @ (scores - mean) / 2 - log_det
  return Fit(scores, dual, half.T @ half, evidence, local)


def _root(local: Local, covariance: np.ndarray) -> tuple[np.ndarray, float]:
  """[t, n] whose transpose times it is the precision; half the log-determinant that goes with it.

  With the negative Hessian F F^T, precision = F (I + F^T covariance F)^-1 F^T.
  """
  factor = local.factor()
  lower = np.linalg.cholesky(np.eye(factor.shape[1]) + factor.T @ covariance @ factor)
  return np.linalg.solve(lower, factor.T), float(np.sum(np.log(np.diagonal(lower))))


def _length(
  told: Told,
  mean: np.ndarray,
  covariance: np.ndarray,
  dual: np.ndarray,
  step: np.ndarray,
  taste: float,
  noise: float,
) -> float:
  """Of the step to take, halved until what was told is no less likely than before it."""
  if told.ratings_alone:
    return 1.0

  def height(dual: np.ndarray) -> float:
    moved = covariance @ dual
    return likelihood.expand(told, mean + moved, taste, noise).total()[0] - dual @ moved / 2

  start, length = height(dual), 1.0
  while length > 1e-6 and height(dual + length * step) < start - 1e-12 * abs(start):
    length /= 2
  return length
