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

NOISE_STEPS = 5  # of the fixed point between a person's weights and noise; it settles in three
EM_STEPS = 60


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
  """Weights given what was seen; the noise variance is fitted along, by its posterior mean."""
  flat = jnp.zeros_like(seen.cross)
  precision = inverse(prior.covariance, flat)

  def given(noise):
    covariance = inverse(precision + seen.gram / noise, flat)
    return covariance @ (precision @ prior.mean + seen.cross / noise), covariance

  def update(noise, _):
    mean, covariance = given(noise)
    wrong = seen.energy - 2 * mean @ seen.cross + mean @ seen.gram @ mean
    wrong = jnp.maximum(wrong, 0) + jnp.sum(covariance * seen.gram)
    return (prior.noise_count * prior.noise + wrong) / (prior.noise_count + seen.count), None

  noise, _ = jax.lax.scan(update, prior.noise, length=NOISE_STEPS)
  return Posterior(*given(noise), noise, prior.noise_count + seen.count)


def fit_prior(crowd: Moments, member: Array, *, steps: int = EM_STEPS) -> Prior:
  """The prior under which the crowd's ratings are likely.

  Args:
    crowd: moments of each person, with a leading axis of c people.
    member: [c], 1 for those who count; the others (and the padding) leave no trace.
    steps: of expectation maximisation.
  """
  d = crowd.cross.shape[-1]
  weight = member / jnp.sum(member)
  ratings = jnp.sum(member * crowd.count)
  energy = jnp.sum(member * crowd.energy) / ratings
  spread = jnp.einsum("c,cdd->d", member, crowd.gram) / ratings  # mean square of each output
  start = Prior(
    mean=jnp.zeros(d, crowd.cross.dtype),
    covariance=jnp.diag(energy / (d * spread + 1e-6)),
    noise=energy,
    noise_count=jnp.asarray(10.0, crowd.cross.dtype),
  )

  def step(prior, _):
    fits = jax.vmap(fit_bayes, in_axes=(0, None))(crowd, prior)
    mean = weight @ fits.mean
    gap = fits.mean - mean
    covariance = jnp.einsum("c,cde->de", weight, fits.covariance)
    covariance = covariance + jnp.einsum("c,cd,ce->de", weight, gap, gap)
    covariance = covariance + 1e-6 * jnp.diag(jnp.diag(start.covariance))
    return prior._replace(mean=mean, covariance=covariance, **_noise(crowd, fits, weight)), None

  prior, _ = jax.lax.scan(step, start, length=steps)
  return prior


def _noise(crowd: Moments, fits: Posterior, weight: Array) -> dict[str, Array]:
  """Mean noise of the crowd, and how many ratings knowing it is worth, from its spread."""
  wrong = crowd.energy - 2 * jnp.einsum("cd,cd->c", fits.mean, crowd.cross)
  wrong = wrong + jnp.einsum("cd,cde,ce->c", fits.mean, crowd.gram, fits.mean)
  wrong = wrong + jnp.einsum("cde,cde->c", fits.covariance, crowd.gram)
  count = jnp.maximum(crowd.count, 1)
  noise = wrong / count
  mean = weight @ noise
  relative = weight @ jnp.square(noise - mean) / (2 * mean**2)  # 1 / count + 1 / noise_count
  between = relative - weight @ (1 / count)
  return dict(noise=mean, noise_count=1 / jnp.clip(between, 1e-2, 0.5))


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
