"""One user's ratings [n], generic scores [n] and traits [n, k] of what they rated -> Profile.

Numpy on the host: for a single user, compiling would take a thousand times as long as fitting.
The maths is that of solvers.ridge().
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy import stats

from paiaa_jax.errors import UserError
from paiaa_jax.personalization.faults import rating_faults
from paiaa_jax.personalization.penalties import GRID, RATINGS_A_WEIGHT
from paiaa_jax.personalization.profile import Profile
from paiaa_jax.types import Array

FEWEST = 3  # ratings; below it, there is nothing to leave out
LEFT_OUT = 500  # at most so many photographs are left out in turn
STARS = 5


def learn_profile(
  generic: Array,
  traits: Array,
  ratings: Array,
  *,
  model_id: str,
  aux_names: tuple[str, ...],
  scale: tuple[float, float],
  rating_scale: tuple[float, float] = (1.0, 5.0),
) -> Profile:
  """Fits by ridge with an intercept; its strength is chosen by leave-one-out, up to infinity.

  An infinite strength leaves the generic score: that is the answer where traits tell nothing.

  Args:
    generic: [n] generic scores, in the model's points.
    traits: [n, k] auxiliary outputs.
    ratings: [n] on `rating_scale`; mapped linearly to `scale`.
    model_id: of the model that gave scores and traits.
    aux_names: [k].
    scale: (lowest, highest) score of the model.
    rating_scale: (lowest, highest) possible rating.

  Raises:
    UserError: fewer than three ratings, or one that is not finite or out of range.

  Example:
    >>> names, scales = ("o", "c", "e", "a", "n"), dict(scale=(0.0, 6.0), rating_scale=(0.0, 6.0))
    >>> me = pz.learn_profile(generic, outputs, ratings[0], model_id="m", aux_names=names, **scales)
    >>> len(me.weights), me.better
    (5, True)
  """
  ratings = np.asarray(ratings, np.float64)
  n = len(ratings)
  if n < FEWEST:
    raise UserError(f"need at least {FEWEST} ratings, got {n}; 20 or more are recommended.")
  generic = np.asarray(generic, np.float32)
  x = np.asarray(traits, np.float32).astype(np.float64)
  _check(generic, x, ratings, rating_scale)
  unit = (ratings - rating_scale[0]) / (rating_scale[1] - rating_scale[0])
  points = scale[0] + unit * (scale[1] - scale[0])
  target = points - generic
  fit = _fit(x, target)
  left_out, personal = _leave_one_out(generic, x, target)
  srcc_personal = _srcc(personal, points[left_out])
  srcc_generic = _srcc(generic[left_out], points[left_out])
  better = srcc_personal is not None and srcc_personal > (srcc_generic or 0.0)
  stars = np.bincount(np.rint(unit * (STARS - 1)).astype(int), minlength=STARS)
  return Profile(
    model_id=model_id,
    aux_names=tuple(aux_names),
    weights=tuple(fit.weights.tolist()),
    intercept=float(fit.intercept),
    covariance=tuple(map(tuple, fit.covariance.tolist())),
    noise=float(fit.noise),
    freedom=float(max(n - 1, 1)),
    scale=(float(scale[0]), float(scale[1])),
    rating_scale=(float(rating_scale[0]), float(rating_scale[1])),
    stars=tuple(stars.tolist()),
    num_ratings=n,
    srcc_personal=srcc_personal,
    srcc_generic=srcc_generic,
    more_ratings=0 if better else _more_ratings(x, target),
  )


def _check(
  generic: np.ndarray, traits: np.ndarray, ratings: np.ndarray, rating_scale: tuple[float, float]
) -> None:
  """Raises UserError for the first rating that cannot be learnt from."""
  images = {"a generic score": generic, "an auxiliary output": traits}
  faults = rating_faults(ratings, slice(None), images, rating_scale)
  for fault, where in faults.items():
    if where.any():
      raise UserError(f"photograph {int(np.argmax(where)) + 1} of {len(ratings)} has {fault}.")


class _Fit(NamedTuple):
  """weights [k], intercept, covariance [k + 1, k + 1], noise: as in Profile."""

  weights: np.ndarray
  intercept: float
  covariance: np.ndarray
  noise: float


def _fit(x: np.ndarray, target: np.ndarray) -> _Fit:
  """x [n, k], target [n]: the strength of GRID whose leave-one-out error is least.

  Those that set free more effective weights than the ratings can pay for are passed over. Centring
  frees the intercept of any penalty. An image's own pull on its prediction is h, and without the
  image the residual e is e / (1 - h).
  """
  n = len(x)
  mean, level = x.mean(axis=0), target.mean()
  centred, residual = x - mean, target - level
  values, basis = np.linalg.eigh(centred.T @ centred)
  rotated = centred @ basis
  fits = []
  for strength in GRID:
    shrunk = 1 / (np.maximum(values, 0) + strength)
    weights = basis @ (shrunk * (rotated.T @ residual))
    pull = 1 / n + np.square(rotated) @ shrunk
    error = np.mean(np.square((residual - centred @ weights) / (1 - pull)))
    paid = (np.sum(pull) - 1) * RATINGS_A_WEIGHT <= n or strength == GRID[-1]
    if paid:
      fits.append((error, weights, shrunk))
  # the noise is the error on images left out: a little wide, not too narrow
  noise, weights, shrunk = min(fits, key=lambda fit: fit[0])
  inverse = (basis * shrunk) @ basis.T
  cross = -inverse @ mean
  corner = 1 / n - cross @ mean
  covariance = noise * np.block([[inverse, cross[:, None]], [cross[None], corner]])
  return _Fit(weights, level - mean @ weights, covariance, noise)


def _leave_one_out(
  generic: np.ndarray, x: np.ndarray, target: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
  """Which of the n photographs were left out in turn [m], and their scores by the others' fit [m].

  Every fit chooses its strength anew, without the photograph that it is tested on.
  """
  left_out = np.unique(np.linspace(0, len(x) - 1, min(len(x), LEFT_OUT)).astype(int))
  added = []
  for i in left_out:
    fit = _fit(np.delete(x, i, axis=0), np.delete(target, i))
    added.append(x[i] @ fit.weights + fit.intercept)
  return left_out, generic[left_out] + np.asarray(added)


def _srcc(a: np.ndarray, b: np.ndarray) -> float | None:
  if np.ptp(a) == 0 or np.ptp(b) == 0:
    return None
  return float(stats.spearmanr(a, b).statistic)


def _more_ratings(x: np.ndarray, target: np.ndarray) -> int:
  """About how many ratings more until what traits explain outweighs the error of their weights.

  With noise variance v, fitting k weights costs v k / n and explains s: it pays from n = v k / s.
  Where the estimate of s is none, the number that doubles the ratings.
  """
  n, d = x.shape
  centred, residual = x[:, :-1] - x[:, :-1].mean(axis=0), target - target.mean()
  weights, *_ = np.linalg.lstsq(centred, residual, rcond=None)
  fitted = centred @ weights
  noise = np.sum((residual - fitted) ** 2) / max(n - d, 1)
  explained = np.mean(fitted**2) - noise * (d - 1) / n
  needed = noise * (d - 1) / explained if explained > 0 else 2 * n
  return int(np.clip(math.ceil(needed - n), 5, 10 * n))
