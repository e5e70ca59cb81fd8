"""A user's weights from few ratings, under a Gaussian prior fitted to other users' ratings."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np

from paiaa_jax.errors import UserError
from paiaa_jax.personalization import linear
from paiaa_jax.personalization.linear import Moments, pairs
from paiaa_jax.personalization.prior import Prior, fit_posterior, fit_prior
from paiaa_jax.personalization.solvers.base import (
  Prediction,
  Shots,
  Solver,
  over_users_and_splits,
  shots_of,
)
from paiaa_jax.personalization.splits import Splits
from paiaa_jax.personalization.users import Users
from paiaa_jax.types import Array

REFINING_STEPS = 10  # of expectation maximisation, for the other users without one group
FEWEST_USERS = 2


@functools.lru_cache(maxsize=32)
def empirical_bayes(*, groups: int = 40) -> Solver:
  """Posterior means of the weights, with intervals; the prior is that of the other users.

  Args:
    groups: without a state, users are dealt into so many groups, and each group's prior comes from
      the others' shots; up to so many users, each is a group of one.

  Example:
    >>> solver = pz.empirical_bayes()
    >>> prior = solver.init(users.take(slice(4, 8)))  # from users 4 to 7, for users 0 to 3
    >>> few = slice(0, 4)
    >>> found = pz.evaluate(solver, users.take(few), splits.take(few), state=prior)
    >>> found.coverage.shape, prior.mean.shape
    ((2, 4, 3), (6,))
  """
  return Solver(fit_prior_of, _predict, functools.partial(_fit_all, groups=groups))


def fit_prior_of(other_users: Users | None) -> Prior:
  """The prior that these users' ratings tell of the weights of a user who is not among them.

  Their generic scores and auxiliary outputs must come from a network that was not trained on those
  images.

  Raises:
    UserError: fewer than two users with a rating, or None.
  """
  count = 0 if other_users is None else int(np.any(other_users.valid, axis=1).sum())
  if other_users is None or count < FEWEST_USERS:
    raise UserError(f"a prior needs at least {FEWEST_USERS} other users with ratings, got {count}.")
  return _fit_prior_of(other_users)


@jax.jit
@jax.default_matmul_precision("highest")
def _fit_prior_of(other_users: Users) -> Prior:
  sums = moments_of_users(other_users)
  return fit_prior(sums, (sums.count > 0).astype(jnp.float32))


def moments_of_users(users: Users) -> Moments:
  """The moments of all ratings of each user: leaves [u, ...]."""
  seen = users.valid.astype(jnp.float32)
  target = users.ratings - users.generic
  return jax.vmap(linear.moments)(linear.design(users.outputs), target, seen)


def moments_of_fits(users: Users, splits: Splits) -> Moments:
  """The moments of the shots of each user and fit: leaves [u, ..., f]."""
  moments = over_users_and_splits(lambda *shots: _moments(Shots(*shots)), shared=(0, 1, 2))
  return moments(*shots_of(users, splits))


def _moments(shots: Shots) -> Moments:
  return linear.moments(linear.design(shots.outputs), shots.residuals, shots.seen)


def _predict(prior: Prior, shots: Shots) -> Prediction:
  return predict_from(_moments(shots), prior, shots.generic, shots.outputs)


def predict_from(seen: Moments, prior: Prior, generic: Array, outputs: Array) -> Prediction:
  """All n images of one user, given the moments of the shots: generic [n], outputs [n, k]."""
  x = linear.design(outputs)
  posterior = fit_posterior(seen, prior)
  variance = pairs(x) @ posterior.covariance.ravel() + posterior.noise_variance
  return Prediction(
    generic + x @ posterior.mean,
    variance,
    posterior.degrees_of_freedom,
    weights=posterior.mean,
  )


def _fit_all(prior: Prior | None, users: Users, splits: Splits, *, groups: int) -> Prediction:
  sums, priors = moments_and_priors(prior, users, splits, groups)
  fit = over_users_and_splits(predict_from, shared=(2, 3))
  return fit(sums, priors, users.generic, users.outputs)


def moments_and_priors(
  prior: Prior | None, users: Users, splits: Splits, groups: int
) -> tuple[Moments, Prior]:
  """Moments of the shots, and `prior` or that of the other users' shots: leaves [u, ..., f]."""
  sums = moments_of_fits(users, splits)
  if prior is not None:
    return sums, for_each_fit(prior, sums)
  u = len(sums.count)
  if u < FEWEST_USERS:
    raise UserError("the prior comes from other users; with one user, give the state of `init`.")
  return sums, priors_of_others(sums, splits.turn, min(u, groups))


def for_each_fit(prior: Prior, sums: Moments) -> Prior:
  """One prior for each user and fit of `sums`: leaves [u, ..., f]."""
  u, f = sums.count.shape
  return jax.tree.map(lambda x: jnp.broadcast_to(x[..., None], (u, *x.shape, f)), prior)


def priors_of_others(sums: Moments, turn: Array, groups: int) -> Prior:
  """A prior for each user and fit, from the other groups' shots in the same split.

  Each begins where the prior of all users ended, which a few steps without the group then correct.

  Args:
    sums: leaves [u, ..., f].
    turn: [u], an order of the users by which they are dealt into groups.
    groups: how many.
  """
  group = turn % groups
  rated = (sums.count > 0).astype(sums.count.dtype)
  over_splits = functools.partial(jax.vmap, in_axes=-1, out_axes=-1)
  everyone = over_splits(fit_prior)(sums, rated)

  def without(fold):
    member = rated * (group != fold)[:, None].astype(rated.dtype)
    refine = functools.partial(fit_prior, steps=REFINING_STEPS)
    return over_splits(lambda s, m, p: refine(s, m, begin=p))(sums, member, everyone)

  priors = jax.lax.map(without, jnp.arange(groups))
  return jax.tree.map(lambda leaf: leaf[group], priors)
