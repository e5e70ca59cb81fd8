"""The paper's stage 2: Eq. 7 by stochastic gradient descent from 0, without an intercept."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp

from paiaa_jax.personalization import linear
from paiaa_jax.personalization.linear import Moments
from paiaa_jax.personalization.solvers.base import Prediction, Shots, Solver, alone
from paiaa_jax.types import Array


@functools.lru_cache(maxsize=32)
def sgd(
  *,
  learning_rate: float = 1e-4,
  decay: float = 0.9,
  momentum: float = 0.9,
  weight_decay: float = 1e-5,
  epochs: int = 50,
  batch_size: int = 50,
) -> Solver:
  """The paper's settings by default; batches hold min(batch_size, k) images in the order drawn.

  The other arguments are those of `fit_sgd`.

  Example:
    >>> pz.evaluate(pz.sgd(learning_rate=0.01, epochs=5), users, splits).weights.shape
    (2, 8, 3, 5)
  """
  descent = functools.partial(
    fit_sgd,
    learning_rate=learning_rate,
    decay=decay,
    momentum=momentum,
    weight_decay=weight_decay,
    epochs=epochs,
  )
  return Solver(alone, functools.partial(_predict, descent=descent, batch_size=batch_size))


def _predict(state: tuple[()], shots: Shots, *, descent, batch_size: int) -> Prediction:
  del state
  x = linear.design(shots.outputs)
  batch = jnp.arange(-(-len(shots.seen) // batch_size))
  chosen = (shots.position // batch_size)[None, :] == batch[:, None]
  mask = chosen * shots.seen[None, :]
  sums = jax.vmap(linear.moments, in_axes=(None, 0, 0))(x, mask * shots.residuals[None, :], mask)
  weights = descent(sums)
  return Prediction(shots.generic + x @ weights, weights=weights)


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
