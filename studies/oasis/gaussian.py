"""A person's deviation from a generic score as a Gaussian process over photographs, closed form.

N photographs of the study, u people, n ratings each (padded), s splits, k shots. The prior's mean
[N] and covariance [N, N] come from outside: X S X' of fusion weights, a kernel of pooled features,
or their sum. The first is `bayes`; the second lets each person have a taste that no auxiliary
output names.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from paiaa_jax.types import Array


class Process(NamedTuple):
  """What is expected of a person not met yet.

  Attributes:
    mean: [N] in points.
    covariance: [N, N] in squared points.
    noise: variance of a rating about the person's own mean.
  """

  mean: Array
  covariance: Array
  noise: Array


def predict(process: Process, photo: Array, rating: Array, drawn: Array) -> tuple[Array, Array]:
  """Every person's scores and their variance, given the first k photographs of each split.

  Args:
    process: of people.
    photo: [u, n] rows of the N photographs.
    rating: [u, n].
    drawn: [u, k, s] places (of n) of the shots.

  Returns:
    scores [u, n, s] and variances of ratings about them [u, n, s].
  """
  return _predict(process, photo, rating, jnp.moveaxis(jnp.asarray(drawn), -1, 1))


@jax.jit
@jax.default_matmul_precision("highest")
def _predict(process: Process, photo: Array, rating: Array, drawn: Array) -> tuple[Array, Array]:
  def person(args):
    photo, rating, drawn = args
    mean = process.mean[photo]
    covariance = process.covariance[photo[:, None], photo[None, :]]
    return jax.vmap(
      lambda shots: _posterior(mean, covariance, process.noise, rating, shots), out_axes=-1
    )(drawn)

  return jax.lax.map(person, (photo, rating, drawn))


def _posterior(mean: Array, covariance: Array, noise: Array, rating: Array, shots: Array):
  """One person and split: mean [n], covariance [n, n], shots [k] -> scores [n], variances [n]."""
  seen = covariance[shots[:, None], shots[None, :]] + noise * jnp.eye(shots.shape[0])
  cross = covariance[shots]  # [k, n]
  lower = jnp.linalg.cholesky(seen)
  both = jnp.concatenate([(rating - mean)[shots, None], cross], axis=1)
  both = jax.scipy.linalg.solve_triangular(lower, both, lower=True)
  scores = mean + both[:, 1:].T @ both[:, 0]
  explained = jnp.sum(jnp.square(both[:, 1:]), axis=0)
  return scores, jnp.maximum(jnp.diagonal(covariance) - explained, 0) + noise


def half_width(variance: Array, level: float) -> Array:
  """Half the interval that holds a rating with probability `level`."""
  return stats.norm.ppf((1 + level) / 2) * np.sqrt(variance)


@jax.jit
@jax.default_matmul_precision("highest")
def log_likelihood(process: Process, photo: Array, rating: Array, valid: Array) -> Array:
  """Of the ratings of u people under the process, a scalar; [u, n] each."""

  def person(photo, rating, valid):
    covariance = process.covariance[photo[:, None], photo[None, :]]
    seen = jnp.where(valid[:, None] & valid[None, :], covariance, 0)
    seen = seen + jnp.diag(jnp.where(valid, process.noise, 1.0))
    lower = jnp.linalg.cholesky(seen)
    gap = jnp.where(valid, rating - process.mean[photo], 0)
    gap = jax.scipy.linalg.solve_triangular(lower, gap, lower=True)
    return -jnp.sum(jnp.square(gap)) / 2 - jnp.sum(jnp.log(jnp.diagonal(lower)))

  return jnp.sum(jax.vmap(person)(photo, rating, valid))
