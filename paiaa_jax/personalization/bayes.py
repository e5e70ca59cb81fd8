"""A person's weights from few ratings, leaning on a crowd: Gaussian prior, Gaussian posterior.

The weights of people are taken as draws from N(mean, covariance) and each person's noise variance
as one from a scaled inverse chi-squared; the crowd's ratings tell both (empirical Bayes, by EM).
Maths for one person and one crowd; `vmap` outside.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from paiaa_jax.personalization.fusion import Moments, inverse, pairs
from paiaa_jax.types import Array

NOISE_STEPS = 3  # between a person's weights and noise; settled to 1e-3 of the noise by then
EM_STEPS = 40


class Prior(NamedTuple):
  """What the crowd says of a person not yet met.

  Attributes:
    mean: [d], of the weights (the last one the intercept).
    covariance: [d, d], of the weights.
    noise: scalar, variance of a rating about its prediction, in squared points.
    noise_count: scalar, the number of ratings that this knowledge of the noise is worth.
  """

  mean: Array
  covariance: Array
  noise: Array
  noise_count: Array


class Posterior(NamedTuple):
  """One person: weights [d], their covariance [d, d], noise variance and its degrees of freedom."""

  mean: Array
  covariance: Array
  noise: Array
  freedom: Array


def fit_bayes(seen: Moments, prior: Prior) -> Posterior:
  """Weights given what was seen; the noise variance is fitted along with them."""
  precision = inverse(prior.covariance, jnp.zeros_like(prior.mean))

  def settle(noise, _):
    return _noise(seen, *_weights(seen, prior, precision, noise), prior), None

  noise, _ = jax.lax.scan(settle, prior.noise, length=NOISE_STEPS)
  mean, covariance = _weights(seen, prior, precision, noise)
  return Posterior(mean, covariance, noise, prior.noise_count + seen.count)


def fit_prior(
  crowd: Moments, member: Array, *, begin: Prior | None = None, steps: int = EM_STEPS
) -> Prior:
  """The prior under which the crowd's ratings are likely, by expectation maximisation.

  A broad prior, under which the weights could explain every residual, stays in the average as one
  more person: it keeps the covariance of a small crowd away from singular.

  Args:
    crowd: moments of each person, with a leading axis of c people.
    member: [c], 1 for those who count; the others (and padding) leave no trace.
    begin: a prior to begin from, say that of one person more; by default the broad one.
    steps: of expectation maximisation.
  """
  people = jnp.sum(member)
  broad = _broad_prior(crowd, member)
  begin = broad if begin is None else begin
  posteriors = jax.vmap(_weights, in_axes=(0, None, None, 0))
  noises = jax.vmap(_noise, in_axes=(0, 0, 0, None))

  def step(state, _):
    prior, noise = state
    precision = inverse(prior.covariance, jnp.zeros_like(prior.mean))
    means, covariances = posteriors(crowd, prior, precision, noise)
    mean = jnp.sum(member[:, None] * means, axis=0) / people
    gap = means - mean[None, :]
    spread = covariances + gap[:, :, None] * gap[:, None, :]
    spread = jnp.sum(member[:, None, None] * spread, axis=0) + broad.covariance
    typical, worth = _noise_of_crowd(crowd, means, covariances, member)
    prior = Prior(mean, spread / (people + 1), typical, worth)
    return (prior, noises(crowd, means, covariances, prior)), None

  noise = jnp.broadcast_to(begin.noise, member.shape)
  (prior, _), _ = jax.lax.scan(step, (begin, noise), length=steps)
  return prior


def _weights(seen: Moments, prior: Prior, precision: Array, noise: Array) -> tuple[Array, Array]:
  """Posterior mean [d] and covariance [d, d] of the weights under a known noise variance.

  All is multiplied by the noise, which saves a division for each entry, and small products are
  written as sums: XLA takes batched 6 x 6 matrices one by one.
  """
  scaled = inverse(seen.gram + noise * precision, jnp.zeros_like(prior.mean))
  pull = seen.cross + noise * jnp.sum(precision * prior.mean[None, :], axis=1)
  return sum(scaled[:, i] * pull[i] for i in range(len(pull))), noise * scaled


def _noise(seen: Moments, mean: Array, covariance: Array, prior: Prior) -> Array:
  """Noise variance of one person, given the posterior of the weights."""
  wrong = _unexplained(seen, mean, covariance)
  return (prior.noise_count * prior.noise + wrong) / (prior.noise_count + seen.count)


def _unexplained(seen: Moments, mean: Array, covariance: Array) -> Array:
  """Expected sum of squared errors on what was seen, in squared points."""
  second = covariance + mean[:, None] * mean[None, :]
  total = seen.energy - 2 * jnp.sum(mean * seen.cross) + jnp.sum(second * seen.gram)
  return jnp.maximum(total, 0)


def _broad_prior(crowd: Moments, member: Array) -> Prior:
  """Weights of mean 0, any one of which could explain the whole residual."""
  ratings = jnp.sum(member * crowd.count)
  energy = jnp.sum(member * crowd.energy) / ratings
  gram = jnp.sum(member[:, None, None] * crowd.gram, axis=0) / ratings
  d = gram.shape[0]
  eye = jnp.eye(d, dtype=gram.dtype)
  square = jnp.sum(gram * eye, axis=1)  # mean square of each column of the design
  variance = energy / (d * jnp.maximum(square, 1e-6))
  return Prior(jnp.zeros_like(square), variance[:, None] * eye, energy, jnp.full_like(energy, 10.0))


def _noise_of_crowd(
  crowd: Moments, means: Array, covariances: Array, member: Array
) -> tuple[Array, Array]:
  """Mean noise variance of the crowd, and how many ratings knowing it is worth.

  The relative spread of people's own estimates is 2 / count by chance; what exceeds it is people.
  """
  wrong = jax.vmap(_unexplained)(crowd, means, covariances)
  noise = wrong / jnp.maximum(crowd.count, 1)
  people = jnp.sum(member)
  mean = jnp.sum(member * noise) / people
  spread = jnp.sum(member * jnp.square(noise / mean - 1)) / people
  chance = jnp.sum(member * 2 / jnp.maximum(crowd.count, 1)) / people
  return mean, 2 / jnp.clip(spread - chance, 0.02, 1.0)


def interval_half_width(posterior: Posterior, x: Array, level: float) -> Array:
  """Half the interval that holds an image's rating with probability `level`: x [n, d] -> [n]."""
  spread = pairs(x) @ posterior.covariance.ravel()
  return _t_quantile(level, posterior.freedom) * jnp.sqrt(spread + posterior.noise)


def _t_quantile(level: float, freedom: Array) -> Array:
  """Two-sided quantile of Student's t by Cornish and Fisher's expansion; within 1 % from 5 up."""
  z = jax.scipy.stats.norm.ppf((1 + level) / 2)
  second = (z**3 + z) / 4
  third = (5 * z**5 + 16 * z**3 + 3 * z) / 96
  return z + second / freedom + third / freedom**2
