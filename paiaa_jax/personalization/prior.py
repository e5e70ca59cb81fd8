"""A Gaussian prior of users' weights from other users' ratings, and the posterior of one user.

The weights of users are taken as draws from N(mean, covariance) and each user's noise variance as
one from a scaled inverse chi-squared distribution; both are fitted by expectation maximisation
(empirical Bayes). Maths for one user and one set of other users; `vmap` outside.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import jax
import jax.numpy as jnp

from paiaa_jax.personalization.linear import Moments, inverse
from paiaa_jax.types import Array

NOISE_STEPS = 3  # between a user's weights and noise; settled to 1e-3 of the noise by then
EM_STEPS = 40


class Prior(NamedTuple):
  """What is known of a user before the first rating.

  Attributes:
    mean: [d], of the weights (the last one the intercept).
    covariance: [d, d], of the weights.
    noise_variance: scalar, of a rating about its prediction, in squared points.
    noise_count: scalar, the number of ratings that this knowledge of the noise is worth.
  """

  mean: Array
  covariance: Array
  noise_variance: Array
  noise_count: Array


class Posterior(NamedTuple):
  """One user: weights [d], their covariance [d, d], noise variance and its degrees of freedom."""

  mean: Array
  covariance: Array
  noise_variance: Array
  degrees_of_freedom: Array


def fit_posterior(seen: Moments, prior: Prior) -> Posterior:
  """Weights given what was seen; the noise variance is fitted along with them."""
  precision = inverse(prior.covariance, jnp.zeros_like(prior.mean))

  def settle(noise, _):
    return _noise(seen, *_weights(seen, prior, precision, noise), prior), None

  noise, _ = jax.lax.scan(settle, prior.noise_variance, length=NOISE_STEPS)
  mean, covariance = _weights(seen, prior, precision, noise)
  return Posterior(mean, covariance, noise, prior.noise_count + seen.count)


def fit_prior(
  sums: Moments, member: Array, *, begin: Prior | None = None, steps: int = EM_STEPS
) -> Prior:
  """The prior under which the ratings of v users are likely, by expectation maximisation.

  A broad prior, under which the weights could explain every residual, stays in the average as one
  more user: it keeps the covariance of few users away from singular.

  Args:
    sums: moments of each user, leaves [v, ...].
    member: [v], 1 for those who count; the others (and padding) leave no trace.
    begin: a prior to begin from, such as that of one user more; by default the broad one.
    steps: of expectation maximisation.
  """
  count = jnp.sum(member)
  broad = _broad_prior(sums, member)
  begin = broad if begin is None else begin
  posteriors = jax.vmap(_weights, in_axes=(0, None, None, 0))
  noises = jax.vmap(_noise, in_axes=(0, 0, 0, None))

  def step(state, _):
    prior, noise = state
    precision = inverse(prior.covariance, jnp.zeros_like(prior.mean))
    means, covariances = posteriors(sums, prior, precision, noise)
    mean = jnp.sum(member[:, None] * means, axis=0) / count
    gap = means - mean[None, :]
    spread = covariances + gap[:, :, None] * gap[:, None, :]
    spread = jnp.sum(member[:, None, None] * spread, axis=0) + broad.covariance
    typical, worth = _noise_of_users(sums, means, covariances, member)
    prior = Prior(mean, spread / (count + 1), typical, worth)
    return (prior, noises(sums, means, covariances, prior)), None

  noise = jnp.broadcast_to(begin.noise_variance, member.shape)
  (prior, _), _ = jax.lax.scan(step, (begin, noise), length=steps)
  return prior


def _weights(seen: Moments, prior: Prior, precision: Array, noise: Array) -> tuple[Array, Array]:
  """Posterior mean [d] and covariance [d, d] of the weights under a known noise variance.

  All is multiplied by the noise, which saves a division for each entry, and small products are
  written as sums: XLA takes batched 6 x 6 matrices one by one.
  """
  scaled = inverse(seen.gram + noise * precision, jnp.zeros_like(prior.mean))
  pull = seen.cross + noise * jnp.sum(precision * prior.mean[None, :], axis=1)
  mean = sum(scaled[:, i] * pull[i] for i in range(len(pull)))
  return cast(Array, mean), noise * scaled


def _noise(seen: Moments, mean: Array, covariance: Array, prior: Prior) -> Array:
  """Noise variance of one user, given the posterior of the weights."""
  wrong = _unexplained(seen, mean, covariance)
  return (prior.noise_count * prior.noise_variance + wrong) / (prior.noise_count + seen.count)


def _unexplained(seen: Moments, mean: Array, covariance: Array) -> Array:
  """Expected sum of squared errors on what was seen, in squared points."""
  second = covariance + mean[:, None] * mean[None, :]
  total = seen.energy - 2 * jnp.sum(mean * seen.cross) + jnp.sum(second * seen.gram)
  return jnp.maximum(total, 0)


def _broad_prior(sums: Moments, member: Array) -> Prior:
  """Weights of mean 0, any one of which could explain the whole residual."""
  ratings = jnp.sum(member * sums.count)
  energy = jnp.sum(member * sums.energy) / ratings
  gram = jnp.sum(member[:, None, None] * sums.gram, axis=0) / ratings
  d = gram.shape[0]
  eye = jnp.eye(d, dtype=gram.dtype)
  square = jnp.sum(gram * eye, axis=1)  # mean square of each column of the design
  variance = energy / (d * jnp.maximum(square, 1e-6))
  return Prior(jnp.zeros_like(square), variance[:, None] * eye, energy, jnp.full_like(energy, 10.0))


def _noise_of_users(
  sums: Moments, means: Array, covariances: Array, member: Array
) -> tuple[Array, Array]:
  """Mean noise variance of the users, and how many ratings knowing it is worth.

  The relative spread of users' own estimates is 2 / ratings by chance; the rest is between users.
  """
  wrong = jax.vmap(_unexplained)(sums, means, covariances)
  noise = wrong / jnp.maximum(sums.count, 1)
  count = jnp.sum(member)
  mean = jnp.sum(member * noise) / count
  spread = jnp.sum(member * jnp.square(noise / mean - 1)) / count
  chance = jnp.sum(member * 2 / jnp.maximum(sums.count, 1)) / count
  return mean, 2 / jnp.clip(spread - chance, 0.02, 1.0)
