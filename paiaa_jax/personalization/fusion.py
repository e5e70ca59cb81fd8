"""The inter-task fusion of one user: s_b = s_a + w . s_p (Eq. 6), fitted on a few ratings.

Everything here is for one user and one split; the solvers put `vmap` outside, the splits on the
last axis, so that each scalar below is one vector over all of them. A fit needs only `Moments` of
the ratings it may see, which for all splits of a user are then one matrix product. The design of
an image is its k auxiliary outputs and a 1 (for the intercept), the target its rating less the
generic score. Solvers that know no intercept keep its weight at 0.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from paiaa_jax.types import Array


class Moments(NamedTuple):
  """Sums over the ratings a fit may see, x the design [d] and r the target of one image.

  Attributes:
    gram: [d, d], sum of x x'.
    cross: [d], sum of x r.
    energy: scalar, sum of r r.
    count: scalar, number of ratings.
  """

  gram: Array
  cross: Array
  energy: Array
  count: Array


def design(traits: Array) -> Array:
  """Auxiliary outputs [..., k] -> design [..., d = k + 1]: a last column of ones."""
  return jnp.concatenate([traits, jnp.ones_like(traits[..., :1])], axis=-1)


def pairs(x: Array) -> Array:
  """Products of every two columns, [n, d] -> [n, d * d]: what second moments sum."""
  return (x[:, :, None] * x[:, None, :]).reshape(x.shape[0], -1)


def moments(x: Array, target: Array, seen: Array) -> Moments:
  """Moments of the images whose `seen` [n] is 1. x [n, d] and target [n] are finite throughout."""
  d = x.shape[1]
  columns = jnp.concatenate([x, target[:, None]], axis=1)
  sums = (pairs(columns).T @ seen).reshape(d + 1, d + 1)
  # the design's last column is 1, so its square counts
  return Moments(sums[:d, :d], sums[:d, d], sums[d, d], sums[d - 1, d - 1])


def solve(matrix: Array, vector: Array, ridge: Array) -> Array:
  """Solves (matrix + diag(ridge)) w = vector, positive definite: [d, d], [d], [d] -> w [d].

  Cholesky, unrolled into scalars: under `vmap` each becomes one vector over all fits, where a
  batched LAPACK call would take them one by one. Where ridge is infinite, w is 0.
  """
  d = vector.shape[0]
  lower = [[None] * d for _ in range(d)]
  y, w = [None] * d, [None] * d
  for i in range(d):
    for j in range(i):
      inner = sum(lower[i][m] * lower[j][m] for m in range(j))
      lower[i][j] = (matrix[i, j] - inner) / lower[j][j]
    lower[i][i] = jnp.sqrt(matrix[i, i] + ridge[i] - sum(lower[i][m] ** 2 for m in range(i)))
    y[i] = (vector[i] - sum(lower[i][m] * y[m] for m in range(i))) / lower[i][i]
  for i in reversed(range(d)):
    w[i] = (y[i] - sum(lower[m][i] * w[m] for m in range(i + 1, d))) / lower[i][i]
  return jnp.stack(w)


def inverse(matrix: Array, ridge: Array) -> Array:
  """Inverse of matrix + diag(ridge), [d, d]; rows and columns of infinite ridge are 0."""
  unit = jnp.eye(matrix.shape[0], dtype=matrix.dtype)
  return jax.vmap(solve, in_axes=(None, 1, None), out_axes=1)(matrix, unit, ridge)


def ridge_penalty(seen: Moments, strength: Array, intercept: bool) -> Array:
  """Penalty of each weight [d]: the intercept goes free, or is held at 0 by an infinite one."""
  # below this share of its trace, float32 cannot tell a Gram matrix from a singular one
  floor = 1e-6 * jnp.trace(seen.gram) + jnp.finfo(jnp.float32).tiny
  penalty = jnp.full(seen.cross.shape, jnp.maximum(strength, floor))
  return penalty.at[-1].set(floor if intercept else jnp.inf)


def fit_ridge(seen: Moments, strength: Array, *, intercept: bool) -> Array:
  """Weights [d] of least squared error plus strength * |w|^2.

  A strength of 0 is least squares (Eq. 7); an infinite one leaves the generic score.
  """
  return solve(seen.gram, seen.cross, ridge_penalty(seen, strength, intercept))


def leave_one_out(
  seen: Moments, x: Array, target: Array, mask: Array, strength: Array, *, intercept: bool
) -> tuple[Array, Array]:
  """What a strength costs and what it spends, in closed form; two scalars.

  An image's own pull on its prediction is h = x' A^-1 x; without it the residual e is e / (1 - h).

  Returns:
    mean squared error of each seen image by the fit to the others, and the effective number of
    weights, the sum of the pulls: k where nothing is shrunk, 0 at an infinite strength. The
    intercept is not counted.
  """
  penalty = ridge_penalty(seen, strength, intercept)
  pull = pairs(x) @ inverse(seen.gram, penalty).ravel()
  residual = target - x @ solve(seen.gram, seen.cross, penalty)
  left_out = residual / jnp.maximum(1 - pull, 1e-6)
  return jnp.sum(mask * jnp.square(left_out)) / seen.count, jnp.sum(mask * pull) - intercept


def fit_sgd(
  batches: Moments,
  *,
  learning_rate: float,
  decay: float,
  momentum: float,
  weight_decay: float,
  epochs: int,
) -> Array:
  """Eq. 7 by stochastic gradient descent from 0, as the paper trains: weights [d], no intercept.

  A batch's gradient, 2 (G w - c) / count + weight_decay * w, needs its moments alone.

  Args:
    batches: moments with a leading axis, one entry a batch; an empty one is passed over.
    learning_rate, decay: rate of the first epoch, and its factor from one epoch to the next.
    momentum, weight_decay: of the optimiser; the decay is added to the gradient.
    epochs: passes over the batches.
  """

  def step(carry, batch):
    w, velocity, rate = carry
    gradient = 2 * (batch.gram @ w - batch.cross) / jnp.maximum(batch.count, 1)
    gradient = (gradient + weight_decay * w).at[-1].set(0)
    moved = momentum * velocity + gradient
    seen = batch.count > 0
    return (jnp.where(seen, w - rate * moved, w), jnp.where(seen, moved, velocity), rate), None

  def epoch(carry, _):
    (w, velocity, rate), _ = jax.lax.scan(step, carry, batches)
    return (w, velocity, rate * decay), None

  zeros = jnp.zeros_like(batches.cross[0])
  start = (zeros, zeros, jnp.asarray(learning_rate, zeros.dtype))
  (w, _, _), _ = jax.lax.scan(epoch, start, length=epochs)
  return w
