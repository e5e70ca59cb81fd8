"""Linear models of one user's residuals: moments, ridge regression, evidence.

s_b = s_a + w . s_p (Eq. 6). Everything here is for one user and one split; `vmap` goes outside, the
splits on the last axis, so that each scalar below is one vector over all of them. A fit needs only
`Moments` of the ratings it may see. The design of an image is its k auxiliary outputs and a 1 (for
the intercept): d = k + 1 columns; the target is its rating less the generic score. Solvers without
an intercept keep its weight at 0.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

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


def design(outputs: Array) -> Array:
  """Auxiliary outputs [..., k] -> design [..., d = k + 1]: a last column of ones."""
  return jnp.concatenate([outputs, jnp.ones_like(outputs[..., :1])], axis=-1)


def pairs(x: Array) -> Array:
  """Products of every two columns, [n, d] -> [n, d * d]: what second moments sum."""
  return (x[:, :, None] * x[:, None, :]).reshape(x.shape[0], -1)


def moments(x: Array, target: Array, seen: Array) -> Moments:
  """Moments of the images whose `seen` [n] is 1: x [n, d]; target [n], 0 where not seen.

  Over many splits these are products of matrices that all splits share.
  """
  gram = (pairs(x).T @ seen).reshape(x.shape[1], x.shape[1])
  return Moments(gram, x.T @ target, jnp.sum(jnp.square(target)), jnp.sum(seen))


def solve(matrix: Array, vector: Array, ridge: Array) -> Array:
  """Solves (matrix + diag(ridge)) w = vector, positive definite: [d, d], [d], [d] -> w [d].

  Cholesky, unrolled into scalars: under `vmap` each becomes one vector over all fits, where a
  batched LAPACK call would take them one by one. Where ridge is infinite, w is 0.
  """
  return _solve(matrix, vector, ridge)[0]


def _solve(matrix: Array, vector: Array, ridge: Array) -> tuple[Array, Array]:
  """What `solve` returns, and the diagonal [d] of the Cholesky factor."""
  d = vector.shape[0]
  lower = _cholesky(matrix, ridge)
  y: list[Any] = [None] * d
  w: list[Any] = [None] * d
  for i in range(d):
    y[i] = (vector[i] - sum(lower[i][m] * y[m] for m in range(i))) / lower[i][i]
  for i in reversed(range(d)):
    w[i] = (y[i] - sum(lower[m][i] * w[m] for m in range(i + 1, d))) / lower[i][i]
  return jnp.stack(w), jnp.stack([lower[i][i] for i in range(d)])


def _cholesky(matrix: Array, ridge: Array) -> list[list[Any]]:
  """Scalars [i][j], j <= i, of the lower factor of matrix + diag(ridge)."""
  d = ridge.shape[0]
  lower: list[list[Any]] = [[None] * d for _ in range(d)]
  for i in range(d):
    for j in range(i):
      inner = sum(lower[i][m] * lower[j][m] for m in range(j))
      lower[i][j] = (matrix[i, j] - inner) / lower[j][j]
    lower[i][i] = jnp.sqrt(matrix[i, i] + ridge[i] - sum(lower[i][m] ** 2 for m in range(i)))
  return lower


def inverse(matrix: Array, ridge: Array) -> Array:
  """Inverse of matrix + diag(ridge), [d, d]; rows and columns of infinite ridge are 0.

  That of the Cholesky factor, transposed, times itself: half the work of solving for each column.
  """
  d = ridge.shape[0]
  lower = _cholesky(matrix, ridge)
  root: list[list[Any]] = [[jnp.zeros_like(lower[0][0])] * d for _ in range(d)]  # its inverse
  for j in range(d):
    root[j][j] = 1 / lower[j][j]
    for i in range(j + 1, d):
      root[i][j] = -sum(lower[i][m] * root[m][j] for m in range(j, i)) / lower[i][i]
  rows = [jnp.stack(row) for row in root]
  return cast(Array, sum(row[:, None] * row[None, :] for row in rows))


def penalty_of_each(seen: Moments, penalty: Array, intercept: bool) -> Array:
  """Penalty of each weight [d]: the intercept goes free, or is held at 0 by an infinite one."""
  # below this share of its trace, a Gram matrix cannot be told from a singular one
  share = 1e-6 if seen.gram.dtype == jnp.float32 else 1e-14
  floor = share * jnp.trace(seen.gram) + jnp.finfo(jnp.float32).tiny
  each = jnp.full(seen.cross.shape, jnp.maximum(penalty, floor))
  return each.at[-1].set(floor if intercept else jnp.inf)


def fit_ridge(seen: Moments, penalty: Array, *, intercept: bool) -> Array:
  """Weights [d] of least squared error plus penalty * |w|^2.

  A penalty of 0 is least squares (Eq. 7); an infinite one leaves the generic score.
  """
  return solve(seen.gram, seen.cross, penalty_of_each(seen, penalty, intercept))


def log_evidence(
  seen: Moments, penalty: Array, noise: tuple[float, float], *, intercept: bool
) -> Array:
  """How likely the targets are under a penalty, but for a constant that all penalties share.

  The weights are normal with variance noise variance / penalty, and the intercept, where there is
  one, may be anything. The noise variance has a scaled inverse chi-squared prior.

  Args:
    seen: of the ratings.
    penalty: of the weights; infinite: all of them are 0.
    noise: (variance expected, number of ratings that the expectation counts for).
    intercept: see fit_ridge.

  Returns:
    scalar: -(log |A / penalty| + (n + ratings) log(S + variance ratings)) / 2, where A is X'X +
    penalty, S the least squared error plus penalty |w|^2, and n one less with an intercept.
  """
  variance, ratings = noise
  each = penalty_of_each(seen, penalty, intercept)
  weights, pivots = _solve(seen.gram, seen.cross, each)
  ratio = jnp.where(jnp.isinf(each), 1.0, jnp.square(pivots) / each)
  ratio = ratio.at[-1].set(jnp.where(intercept, jnp.square(pivots[-1]), 1.0))
  error = jnp.maximum(seen.energy - seen.cross @ weights, 0)
  count = seen.count - intercept + ratings
  return -(jnp.sum(jnp.log(ratio)) + count * jnp.log(error + variance * ratings)) / 2
