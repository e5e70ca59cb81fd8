"""A prior of a user's weights from what describes the user: Big-Five scores, age, schooling.

The weights of a user described by numbers d are taken as a draw from N(A (1, d), covariance), as in
`prior`, whose mean is the same for everybody; A is learnt from other users. So a user has scores of
their own before the first rating. How far A is shrunk towards saying nothing is chosen on other
users held out.

Shapes: u users, v other users, q numbers that describe each, d weights (the last the intercept).
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from paiaa_jax.errors import UserError
from paiaa_jax.personalization.linear import Moments
from paiaa_jax.personalization.prior import Prior, fit_posterior
from paiaa_jax.personalization.solvers.base import Prediction, over_users_and_splits
from paiaa_jax.personalization.solvers.empirical_bayes import (
  fit_prior_of,
  for_each_fit,
  moments_of_fits,
  moments_of_users,
  predict_from,
)
from paiaa_jax.personalization.splits import Splits
from paiaa_jax.personalization.users import Users
from paiaa_jax.types import Array

PENALTIES = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1e3, 1e6)  # on A, in users; the last says nothing
FOLDS = 5  # of the other users, on whom the penalty is chosen
STEPS = 20  # of expectation maximisation


class DescribedPrior(NamedTuple):
  """What a description tells of a user.

  Attributes:
    map: [d, 1 + q], A; the first column is the mean over users.
    centre, scale: [q], of the descriptions: (d - centre) * scale enters A.
    rest: the prior about A (1, d); its mean is not read.
    penalty: that was chosen.
  """

  map: Array
  centre: np.ndarray
  scale: np.ndarray
  rest: Prior
  penalty: float


def fit(other_users: Users, descriptions: np.ndarray) -> DescribedPrior:
  """The prior of users who are described by q numbers, from others whose ratings are known.

  Args:
    other_users: v of them; generic scores and outputs as `fit_prior_of` wants them.
    descriptions: [v, q]; NaN where unknown, which then tells nothing.

  Raises:
    UserError: fewer than FOLDS + 1 other users with ratings.
    ValueError: descriptions of another number of users.
  """
  descriptions = np.asarray(descriptions, np.float64)
  if descriptions.ndim != 2 or len(descriptions) != len(other_users.ratings):
    raise ValueError(f"descriptions have shape {descriptions.shape}; [v, q] is needed.")
  rated = np.any(other_users.valid, axis=1)
  if rated.sum() <= FOLDS:
    raise UserError(f"a prior from descriptions needs more than {FOLDS} users, got {rated.sum()}.")
  known = np.where(rated[:, None], descriptions, np.nan)
  count = np.maximum(np.isfinite(known).sum(axis=0), 1)
  centre = np.nansum(known, axis=0) / count
  deviation = np.sqrt(np.nansum(np.square(known - centre), axis=0) / count)
  scale = np.where(deviation > 1e-9, 1 / np.maximum(deviation, 1e-9), 0.0)
  design = _design(descriptions, centre, scale)
  maps, rests, errors = _fit(other_users, fit_prior_of(other_users), design)
  best = int(np.argmin(errors))
  rest = jax.tree.map(lambda leaf: np.asarray(leaf)[best], rests)
  return DescribedPrior(np.asarray(maps)[best], centre, scale, rest, PENALTIES[best])


def means(prior: DescribedPrior, descriptions: np.ndarray) -> np.ndarray:
  """[u, d], the weights that are expected of users before any rating."""
  design = _design(np.asarray(descriptions, np.float64), prior.centre, prior.scale)
  return design @ np.asarray(prior.map).T


def predict(
  prior: DescribedPrior, users: Users, descriptions: np.ndarray, splits: Splits
) -> Prediction:
  """What is said of each user's images: leaves [shots, u, ..., s], as `evaluation.predict`.

  A number of shots may be 0: `dataclasses.replace(splits, shots=(0, 10))`.
  """
  expected = jnp.asarray(means(prior, descriptions), jnp.float32)
  found = _predict(expected, prior.rest, users, splits)
  shape = len(splits.shots), splits.num_splits

  def by_shots(leaf):
    leaf = np.asarray(leaf)
    return np.moveaxis(leaf.reshape(*leaf.shape[:-1], *shape), -2, 0)

  return jax.tree.map(by_shots, found)


@jax.jit
@jax.default_matmul_precision("highest")
def _predict(expected: Array, rest: Prior, users: Users, splits: Splits) -> Prediction:
  sums = moments_of_fits(users, splits)
  priors = for_each_fit(rest, sums)
  priors = priors._replace(mean=jnp.broadcast_to(expected[..., None], priors.mean.shape))
  fitted = over_users_and_splits(predict_from, shared=(2, 3))
  return fitted(sums, priors, users.generic, users.outputs)


def _design(descriptions: np.ndarray, centre: np.ndarray, scale: np.ndarray) -> np.ndarray:
  """[v, 1 + q] float32; a number that is unknown is as the mean."""
  scaled = np.nan_to_num((descriptions - centre) * scale)
  return np.concatenate([np.ones((len(scaled), 1)), scaled], axis=1).astype(np.float32)


@jax.jit
@jax.default_matmul_precision("highest")
def _fit(other_users: Users, begin: Prior, design: Array) -> tuple[Array, Prior, Array]:
  """Maps and rests by penalty, and squared errors of users who were held out, before any rating."""
  sums = moments_of_users(other_users)
  rated = (sums.count > 0).astype(jnp.float32)
  fold = jnp.arange(len(rated)) % FOLDS

  def one(penalty):
    def error(held_out):
      inside = (fold == held_out) * rated
      found, _ = _maximise(sums, rated - inside, design, penalty, begin)
      return jnp.sum(inside * _errors(sums, design @ found.T))

    whole, rest = _maximise(sums, rated, design, penalty, begin)
    return whole, rest, jnp.sum(jax.lax.map(error, jnp.arange(FOLDS)))

  return jax.lax.map(one, jnp.asarray(PENALTIES))


def _errors(sums: Moments, weights: Array) -> Array:
  """[v] squared errors of residuals under the weights [v, d]."""
  explained = jnp.einsum("vi,vij,vj->v", weights, sums.gram, weights)
  return sums.energy - 2 * jnp.sum(weights * sums.cross, axis=1) + explained


def _maximise(
  sums: Moments, member: Array, design: Array, penalty: Array, begin: Prior
) -> tuple[Array, Prior]:
  """The map and the rest of those users who are members [v], by expectation maximisation.

  `begin`, the prior of all of them, stays in the covariance as one more user.
  """
  count = jnp.sum(member)
  shrink = penalty * jnp.eye(design.shape[1]).at[0, 0].set(0)
  weighted = design * member[:, None]
  first = jnp.zeros((begin.mean.shape[0], design.shape[1])).at[:, 0].set(begin.mean)

  def step(state, _):
    found, rest = state
    one_user = jax.vmap(lambda seen, mean: fit_posterior(seen, rest._replace(mean=mean)))
    posterior = one_user(sums, design @ found.T)
    found = jnp.linalg.solve(weighted.T @ design + shrink, weighted.T @ posterior.mean).T
    gap = posterior.mean - design @ found.T
    spread = posterior.covariance + gap[:, :, None] * gap[:, None, :]
    spread = jnp.sum(member[:, None, None] * spread, axis=0) + begin.covariance
    noise = jnp.sum(member * posterior.noise_variance) / count
    return (found, Prior(begin.mean, spread / (count + 1), noise, rest.noise_count)), None

  (found, rest), _ = jax.lax.scan(step, (first, begin), length=STEPS)
  return found, rest
