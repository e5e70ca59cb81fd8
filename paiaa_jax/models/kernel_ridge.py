"""Kernel ridge regression in closed form: features [n, d], targets [n, m] -> predictions [n, m].

The heads of a frozen backbone, for a few hundred labelled images and thousands of features. One
eigendecomposition [n, n] serves each set of training images: every penalty, every output and every
group of raters shares it. Compiled once; `vmap` over targets.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from paiaa_jax.types import Array

CONSTANT = 1e-6  # a feature of a smaller standard deviation is taken as 0


@jax.jit
def kernel(features: Array, train: Array) -> Array:
  """Similarity in (0, 1] of any two images, [n, n]: a Gaussian of the distance of their features.

  Each column of features [n, d] is standardised by the training images (mask [n]) and passed
  through tanh, as a few channels are far from Gaussian. The Gaussian's width is the mean squared
  length of the training rows, so there is nothing to tune.

  Example:
    >>> gram = models.kernel_ridge.kernel(jnp.eye(4), jnp.array([1, 1, 1, 0]))
    >>> gram.shape, float(gram[0, 0])
    ((4, 4), 1.0)
  """
  train = train.astype(features.dtype)
  count = jnp.sum(train)
  mean = train @ features / count
  std = jnp.sqrt(train @ jnp.square(features - mean[None, :]) / count)
  x = jnp.where(
    (std > CONSTANT)[None, :],
    jnp.tanh((features - mean[None, :]) / jnp.maximum(std, CONSTANT)[None, :]),
    0.0,
  )
  with jax.default_matmul_precision("highest"):
    inner = x @ x.T
  inner = inner * count / (train @ jnp.diagonal(inner))
  length = jnp.diagonal(inner)
  return jnp.exp(inner - (length[:, None] + length[None, :]) / 2)


def center(gram: Array, train: Array) -> Array:
  """The kernel of functions that sum to 0 over the training images: [n, n] -> [n, n].

  Example:
    >>> models.kernel_ridge.center(jnp.eye(2), jnp.ones(2)).tolist()
    [[0.5, -0.5], [-0.5, 0.5]]
  """
  train = train.astype(gram.dtype)
  mean = gram @ train / jnp.sum(train)
  return gram - mean[:, None] - mean[None, :] + train @ mean / jnp.sum(train)


class Smoother(NamedTuple):
  """Ridge for one set of training images, ready for any target.

  Attributes:
    values: [n] eigenvalues of the centred kernel of the training images, 0 for the others.
    vectors: [n, n] its eigenvectors.
    cross: [n, n] centred kernel of every image (rows) with the training ones, else 0.
    train: [n] 1 for training images.

  Example: see fit_heads.
  """

  values: Array
  vectors: Array
  cross: Array
  train: Array


@jax.jit
@jax.default_matmul_precision("highest")
def make_smoother(gram: Array, train: Array) -> Smoother:
  """kernel's [n, n] and the same mask [n] -> Smoother.

  Example: see fit_heads.
  """
  train = train.astype(gram.dtype)
  cross = center(gram, train) * train[None, :]
  values, vectors = jnp.linalg.eigh(cross * train[:, None])
  return Smoother(jnp.maximum(values, 0.0), vectors, cross, train)


@jax.jit
@jax.default_matmul_precision("highest")
def fit_heads(smoother: Smoother, targets: Array, penalties: Array) -> tuple[Array, Array]:
  """Predicts every image by a fit that did not use its target.

  Training rows are predicted by the fit to the other training rows (leave-one-out in closed form),
  the others by the fit to all of them. One penalty serves all outputs, so that a predicted
  distribution sums to 1 as its targets do; it is the one of least leave-one-out error.

  Args:
    smoother: the Smoother that make_smoother gives.
    targets: [n, m]; rows outside the training images are not used.
    penalties: [s] ridge penalties, as shares of the kernel's mean diagonal.

  Returns:
    predictions [n, m] and the penalty chosen, scalar.

  Example:
    >>> x, train = jnp.linspace(0, 1, 20)[:, None], jnp.arange(20) % 2
    >>> smoother = models.kernel_ridge.make_smoother(models.kernel_ridge.kernel(x, train), train)
    >>> predicted, penalty = models.kernel_ridge.fit_heads(smoother, x, jnp.array([1e-3, 1e3]))
    >>> bool(jnp.abs(predicted - x).max() < 0.1), round(float(penalty), 4)
    (True, 0.001)
  """
  values, vectors, cross, train = smoother
  count = jnp.sum(train)
  mean = train @ targets / count
  y = jnp.where(train[:, None] > 0, targets - mean[None, :], 0.0)
  projected = vectors.T @ y
  scale = jnp.sum(values) / count

  def leave_one_out(penalty):
    shrink = values / (values + penalty * scale)
    fitted = vectors @ (shrink[:, None] * projected)
    leverage = jnp.square(vectors) @ shrink + 1 / count  # the fitted mean counts too
    return y - (y - fitted) / jnp.maximum(1 - leverage, 1e-6)[:, None]

  left_out = jax.vmap(leave_one_out)(penalties)  # [s, n, m]
  error = jnp.sum(train[None, :, None] * jnp.square(left_out - y[None]), axis=(1, 2))
  best = jnp.argmin(error)
  dual = vectors @ (projected / (values + penalties[best] * scale)[:, None])
  predicted = jnp.where(train[:, None] > 0, left_out[best], cross @ dual)
  return mean[None, :] + predicted, penalties[best]
