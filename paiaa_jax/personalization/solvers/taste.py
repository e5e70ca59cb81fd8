"""A Gaussian process over each user's own images: a taste that no auxiliary output names.

    rating = level + slope * generic + w . design + taste(image) + noise

w ~ N(mean, covariance) as in `empirical_bayes`; taste ~ a Gaussian process whose covariance is a
kernel of the images' coordinates. The posterior is in closed form. Ours, not the paper's.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from paiaa_jax.errors import UserError
from paiaa_jax.personalization import linear
from paiaa_jax.personalization.prior import Prior
from paiaa_jax.personalization.solvers.base import Prediction, Shots, Solver
from paiaa_jax.personalization.solvers.empirical_bayes import fit_prior_of
from paiaa_jax.personalization.splits import Splits
from paiaa_jax.personalization.users import Users
from paiaa_jax.types import Array

VARIANCES = (0.0, 0.1, 0.2, 0.4, 0.8, 1.6)  # of taste, squared points, to choose from
NOISE_SHARES = (0.4, 0.8)  # how much of the variance of taste was counted as noise without it
USERS_ASKED = 100  # other users whose ratings choose the variance
LEVEL_VARIANCE = 4.0  # of a user's mean rating where nothing generic is known, squared points

Kernel = Callable[[Array, Array], Array]  # [n, m], [n', m] -> [n, n']


class Process(NamedTuple):
  """What is expected of a user before the first rating; d = k + 1.

  Attributes:
    level: points, a constant.
    slope: on the generic score.
    mean: [d] of the weights, covariance: [d, d].
    variance: of taste, in squared points, times the kernel.
    noise_variance: of a rating about the user's own mean.
  """

  level: Array
  slope: Array
  mean: Array
  covariance: Array
  variance: Array
  noise_variance: Array


def linear_kernel(a: Array, b: Array) -> Array:
  """Inner products of coordinates [n, m] and [n', m]: [n, n']."""
  return a @ b.T


def gaussian_kernel(a: Array, b: Array) -> Array:
  """exp(-|a - b|^2 / 2) of coordinates [n, m] and [n', m]: [n, n']."""
  squares = jnp.sum(a * a, axis=1)[:, None] + jnp.sum(b * b, axis=1)[None, :]
  return jnp.exp(-jnp.maximum(squares - 2 * a @ b.T, 0) / 2)


@functools.lru_cache(maxsize=32)
def taste(kernel: Kernel = gaussian_kernel, *, generic: bool = True) -> Solver:
  """The process on top of the generic score and outputs, or on the user's own ratings alone.

  Args:
    kernel: of the coordinates.
    generic: False leaves out generic score and outputs; other users then tell the mean rating and
      the variances.

  Example:
    >>> import dataclasses
    >>> seen = images._replace(coordinates=np.asarray(outputs[:, :2], np.float32))
    >>> seen = dataclasses.replace(users, images=seen)
    >>> process = pz.taste().init(seen)
    >>> pz.evaluate(pz.taste(), seen, splits, state=process).width.shape
    (2, 8, 3)
  """
  init = functools.partial(fit_process, kernel=kernel, generic=generic)
  predict = functools.partial(_predict, kernel=kernel)
  everyone = functools.partial(_fit_all, init=init, kernel=kernel)
  return Solver(init, predict, everyone, reads_coordinates=True)


def fit_process(other_users: Users | None, *, kernel: Kernel, generic: bool) -> Process:
  """The variances under which the other users' ratings are likeliest.

  Raises:
    UserError: fewer than two other users with ratings, or images without coordinates.
  """
  prior = fit_prior_of(other_users)
  if other_users is None or not other_users.images.coordinates.shape[1]:
    raise UserError("taste compares images by their coordinates, and there are none.")
  return _fit_process(other_users, prior, kernel=kernel, generic=generic)


@functools.partial(jax.jit, static_argnames=("kernel", "generic"))
@jax.default_matmul_precision("highest")
def _fit_process(other_users: Users, prior: Prior, *, kernel: Kernel, generic: bool) -> Process:
  noise = prior.noise_variance
  if generic:
    begin = Process(jnp.zeros(()), jnp.ones(()), prior.mean, prior.covariance, noise, noise)
  else:
    mean = jnp.sum(other_users.ratings) / jnp.sum(other_users.valid)
    level = jnp.zeros_like(prior.covariance).at[-1, -1].set(LEVEL_VARIANCE)
    begin = Process(mean, jnp.zeros(()), jnp.zeros_like(prior.mean), level, noise, noise)
  variances = jnp.repeat(jnp.asarray(VARIANCES), len(NOISE_SHARES))
  noises = noise - jnp.tile(jnp.asarray(NOISE_SHARES), len(VARIANCES)) * variances
  asked = other_users.take(slice(USERS_ASKED))

  def likelihood(candidate):
    process = begin._replace(variance=candidate[0], noise_variance=candidate[1])
    return jnp.where(candidate[1] > 0, log_likelihood(process, asked, kernel), -jnp.inf)

  best = jnp.argmax(jax.lax.map(likelihood, (variances, noises)))
  return begin._replace(variance=variances[best], noise_variance=noises[best])


def log_likelihood(process: Process, users: Users, kernel: Kernel) -> Array:
  """Of all ratings of the users, a scalar, up to a constant."""

  def one_user(generic, outputs, coordinates, ratings, valid):
    mean, covariance = _moments(process, generic, outputs, coordinates, kernel)
    lower = jnp.linalg.cholesky(_with_noise(covariance, process, valid))
    gap = jnp.where(valid, ratings - mean, 0)
    gap = jax.scipy.linalg.solve_triangular(lower, gap, lower=True)
    return -jnp.sum(jnp.square(gap)) / 2 - jnp.sum(jnp.log(jnp.diagonal(lower)))

  arrays = users.generic, users.outputs, users.coordinates, users.ratings, users.valid
  return jnp.sum(jax.vmap(one_user)(*arrays))


def _moments(
  process: Process, generic: Array, outputs: Array, coordinates: Array, kernel: Kernel
) -> tuple[Array, Array]:
  """Prior mean [n] and covariance [n, n] of one user's own scores."""
  x = linear.design(outputs)
  mean = process.level + process.slope * generic + x @ process.mean
  likeness = kernel(coordinates, coordinates)
  return mean, x @ process.covariance @ x.T + process.variance * likeness


def _with_noise(covariance: Array, process: Process, seen: Array) -> Array:
  """Covariance [n, n] of the ratings that are seen [n]; the identity where they are not."""
  both = seen[:, None] & seen[None, :]
  return jnp.where(both, covariance, 0) + jnp.diag(jnp.where(seen, process.noise_variance, 1.0))


def _predict(process: Process, shots: Shots, *, kernel: Kernel) -> Prediction:
  images = shots.generic, shots.outputs, shots.coordinates
  mean, covariance = _moments(process, *images, kernel)
  seen = shots.seen > 0
  return _posterior(process, mean, covariance, covariance, covariance, shots.ratings - mean, seen)


def _posterior(
  process: Process,
  mean: Array,
  covariance: Array,
  cross: Array,
  among: Array,
  residual: Array,
  seen: Array,
) -> Prediction:
  """Scores of n images given k residuals [k], of which `seen` [k] count.

  mean [n]; covariance [n, n]; cross [k, n] of shots with images; among [k, k] of the shots.
  """
  lower = jnp.linalg.cholesky(_with_noise(among, process, seen))
  both = jnp.concatenate([residual[:, None], cross], axis=1)
  both = jnp.where(seen[:, None], both, 0)
  both = jax.scipy.linalg.solve_triangular(lower, both, lower=True)
  scores = mean + both[:, 1:].T @ both[:, 0]
  explained = jnp.sum(jnp.square(both[:, 1:]), axis=0)
  left = jnp.maximum(jnp.diagonal(covariance) - explained, 0)
  return Prediction(scores, left + process.noise_variance)


def _fit_all(
  process: Process | None, users: Users, splits: Splits, *, init: Callable, kernel: Kernel
) -> Prediction:
  """User after user; a system is as large as the most shots, not as the user's images."""
  process = init(None) if process is None else process
  most = min(max(splits.shots), splits.image.shape[1])
  image = jnp.tile(splits.image[:, :most], len(splits.shots))  # [u, most, f]
  shots = jnp.repeat(jnp.asarray(splits.shots), splits.num_splits)
  # All systems have one size: XLA's CPU runtime starts systems of several sizes at once, and on two
  # cores they wait for each other for ever.
  counts = jnp.arange(most)[:, None] < shots[None, :]

  def one_user(own):
    generic, outputs, coordinates, ratings, valid, image = own
    mean, covariance = _moments(process, generic, outputs, coordinates, kernel)

    def one_fit(drawn, counts):
      cross, among = covariance[drawn], covariance[drawn[:, None], drawn[None, :]]
      residual, seen = (ratings - mean)[drawn], valid[drawn] & counts
      return _posterior(process, mean, covariance, cross, among, residual, seen)

    return jax.vmap(one_fit, -1, -1)(image, counts)

  arrays = users.generic, users.outputs, users.coordinates, users.ratings, users.valid
  return jax.lax.map(one_user, (*arrays, image))
