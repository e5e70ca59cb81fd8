"""Weights that fit a user's ratings, their order, or both: convex, by Newton's method.

The score of a photograph is generic + x . w, x its design [d] with a last column of ones. Of k
shots with ratings r, w minimises

    regression * sum_i (r_i - score_i)^2
    + ranking * (2 / k) * sum over r_i > r_j of log(1 + exp(score_j - score_i))
    + strength * |w|^2,

with the penalty FREE on the intercept. The factor 2 / k weighs each shot once, whatever the number
of pairs it is in. A step has Newton's direction and the best of a few lengths, 0 among them, so the
loss never rises.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp

from paiaa_jax.types import Array

STEPS = 12
LENGTHS = (1.0, 0.5, 0.25, 0.0625, 0.0)
FREE = 1e-3  # penalty of the intercept, which the order alone does not determine


@functools.partial(jax.jit, static_argnames=("regression", "ranking"))
def score_user(
  x: Array,
  generic: Array,
  place: Array,
  rating: Array,
  strength: Array,
  *,
  regression: float,
  ranking: float,
) -> Array:
  """Scores [n, s] of one user's photographs, fitted to each split's shots.

  Args:
    x: [n, d] design, see linear.design.
    generic: [n].
    place: [k, s] the shots; rating: [k, s].
    strength: [s]; an infinite one leaves the generic score.
    regression, ranking: weights of the two losses.
  """
  fit = functools.partial(fit_one, regression=regression, ranking=ranking)
  with jax.default_matmul_precision("highest"):
    weights = jax.vmap(fit, in_axes=(0, 0, 1, 0))(x[place.T], generic[place.T], rating, strength)
    return generic[:, None] + x @ weights.T


def fit_one(
  x: Array, generic: Array, rating: Array, strength: Array, *, regression: float, ranking: float
) -> Array:
  """Weights [d] of one split's shots: x [k, d], generic and rating [k], strength scalar."""
  k, d = x.shape
  known = jnp.isfinite(strength)
  penalty = jnp.full(d, jnp.where(known, strength, 1.0)).at[-1].set(FREE)
  pair = (rating[:, None] > rating[None, :]) * (2 * ranking / k)
  loss = functools.partial(
    _loss, x, generic, rating, pair=pair, penalty=penalty, regression=regression
  )

  def step(w, _):
    scores = generic + x @ w
    margin = scores[:, None] - scores[None, :]
    wrong = pair * jax.nn.sigmoid(-margin)
    curvature = wrong * jax.nn.sigmoid(margin)
    curvature = curvature + curvature.T
    laplacian = jnp.diag(curvature.sum(axis=1)) - curvature
    pull = 2 * regression * (rating - scores) + wrong.sum(axis=1) - wrong.sum(axis=0)
    hessian = x.T @ (laplacian + 2 * regression * jnp.eye(k)) @ x + jnp.diag(2 * penalty)
    direction = jnp.linalg.solve(hessian, x.T @ pull - 2 * penalty * w)
    trials = w[None, :] + jnp.asarray(LENGTHS)[:, None] * direction[None, :]
    return trials[jnp.argmin(jax.vmap(loss)(trials))], None

  w, _ = jax.lax.scan(step, jnp.zeros(d), length=STEPS)
  return jnp.where(known, w, 0.0)


def _loss(
  x: Array,
  generic: Array,
  rating: Array,
  w: Array,
  *,
  pair: Array,
  penalty: Array,
  regression: float,
) -> Array:
  """What w [d] minimises, as the module says; pair [k, k] is the weight of r_i > r_j."""
  scores = generic + x @ w
  squares = regression * jnp.sum(jnp.square(rating - scores))
  pairs = jnp.sum(pair * jax.nn.softplus(scores[None, :] - scores[:, None]))
  return squares + pairs + jnp.sum(penalty * jnp.square(w))
