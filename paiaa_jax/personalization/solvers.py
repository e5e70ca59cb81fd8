"""How stage 2 is fitted: one frozen record of settings a solver, and its fit of all people at once.

Shapes: u users, s fits a user (shots x splits), n images, d = k + 1 columns of the design.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from paiaa_jax.personalization import bayes, fusion
from paiaa_jax.personalization.fusion import Moments
from paiaa_jax.types import Array

GRID = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, float("inf"))


@dataclasses.dataclass(frozen=True)
class Ridge:
  """Least squares with a penalty of strength * |w|^2 on the un-normalised Gram matrix.

  Attributes:
    strengths: one, or a grid from which each fit chooses by leave-one-out on its own shots;
      infinity is the generic score, 0 is Eq. 7 as written.
    intercept: also fit a constant, free of penalty (a harsh or a kind rater).
  """

  strengths: tuple[float, ...] = GRID
  intercept: bool = False


@dataclasses.dataclass(frozen=True)
class Sgd:
  """The paper's stage 2: momentum from 0, without intercept; batches of min(batch_size, k)."""

  learning_rate: float = 1e-4
  decay: float = 0.9
  momentum: float = 0.9
  weight_decay: float = 1e-5
  epochs: int = 50
  batch_size: int = 50


@dataclasses.dataclass(frozen=True)
class Bayes:
  """A Gaussian prior from a crowd; without one, from the other users' shots of the same split.

  Attributes:
    level: probability that an interval holds the rating.
    folds: users are dealt into this many groups, and each group's prior comes from the others;
      up to so many users, each is a group of one.
  """

  level: float = 0.9
  folds: int = 40


SOLVERS = {"ridge": Ridge(), "ols": Ridge(strengths=(0.0,)), "sgd": Sgd(), "bayes": Bayes()}
Solver = Ridge | Sgd | Bayes


class Fits(NamedTuple):
  """What was fitted for u users x s splits.

  Attributes:
    weights: [u, s, d], the last one the intercept.
    strength: [u, s], the ridge chosen; NaN where there is none.
    half_width: [u, s, n], half the interval about each image's score; None where there is none.
  """

  weights: Array
  strength: Array
  half_width: Array | None


def named(solver: str | Solver) -> Solver:
  """The settings a name stands for; settings themselves pass."""
  if isinstance(solver, str) and solver not in SOLVERS:
    raise ValueError(f"solver {solver!r} is unknown; use one of {', '.join(SOLVERS)}.")
  return SOLVERS[solver] if isinstance(solver, str) else solver


def all_moments(x: Array, target: Array, train: Array) -> Moments:
  """Moments of every split of every user, one matrix product a user.

  Args:
    x: [u, n, d]; target: [u, n]; both finite where padded.
    train: [u, s, n], 1 where the fit may see the rating.

  Returns:
    Moments with leading axes [u, s].
  """
  d = x.shape[-1]
  z = jnp.concatenate([x, target[..., None]], axis=-1)
  products = (z[..., :, None] * z[..., None, :]).reshape(*z.shape[:2], (d + 1) ** 2)
  sums = jnp.einsum("usn,unp->usp", train, products, precision="highest")
  sums = sums.reshape(*sums.shape[:2], d + 1, d + 1)
  # the design's last column is 1, so its square counts
  return Moments(sums[..., :d, :d], sums[..., :d, d], sums[..., d, d], sums[..., d - 1, d - 1])


def fit_ridge(solver: Ridge, x: Array, target: Array, order: Array, shots: Array) -> Fits:
  """Exact weights; with several strengths, each fit takes the one of least leave-one-out error."""
  train = _seen(order, shots)
  seen = all_moments(x, target, train)
  strengths = jnp.asarray(solver.strengths, x.dtype)
  if len(solver.strengths) == 1:
    strength = jnp.full(train.shape[:2], strengths[0])
  else:
    error = jax.vmap(  # users
      jax.vmap(  # splits
        jax.vmap(  # strengths
          lambda *args: fusion.loo_error(*args, intercept=solver.intercept),
          in_axes=(None, None, None, None, 0),
        ),
        in_axes=(0, None, None, 0, None),
      ),
      in_axes=(0, 0, 0, 0, None),
    )
    strength = strengths[jnp.argmin(error(seen, x, target, train, strengths), axis=-1)]
  fit = jax.vmap(jax.vmap(lambda m, s: fusion.fit_ridge(m, s, intercept=solver.intercept)))
  return Fits(fit(seen, strength), strength, None)


def fit_sgd(solver: Sgd, x: Array, target: Array, order: Array, shots: Array) -> Fits:
  """The paper's descent; batch b of a fit holds the images drawn b-th batch_size by batch_size."""
  settings = dataclasses.asdict(solver)
  size = settings.pop("batch_size")
  train = _seen(order, shots)
  num_batches = -(-order.shape[-1] // size)
  batches = [
    all_moments(x, target, train * (order // size == b)) for b in range(num_batches)
  ]
  stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves, axis=2), *batches)
  fit = jax.vmap(jax.vmap(lambda m: fusion.fit_sgd(m, **settings)))
  weights = fit(stacked)
  return Fits(weights, jnp.full(weights.shape[:2], jnp.nan), None)


def fit_bayes(
  solver: Bayes, x: Array, target: Array, order: Array, shots: Array, prior: bayes.Prior | None
) -> Fits:
  """Posterior means, and the intervals that follow."""
  seen = all_moments(x, target, _seen(order, shots))
  priors = _priors_of_others(solver, seen) if prior is None else _for_all(prior, seen.count.shape)
  posterior = jax.vmap(jax.vmap(bayes.fit_bayes))(seen, priors)
  width = jax.vmap(
    jax.vmap(lambda p, row: bayes.interval_width(p, row, solver.level), in_axes=(0, None))
  )(posterior, x)
  return Fits(posterior.mean, jnp.full(seen.count.shape, jnp.nan), width)


def _priors_of_others(solver: Bayes, seen: Moments) -> bayes.Prior:
  """[u, s] priors: a user's comes from the other groups' shots in the same split."""
  users = seen.count.shape[0]
  folds = min(users, solver.folds)
  group = jnp.arange(users) % folds
  member = (group[None, :] != jnp.arange(folds)[:, None]).astype(seen.count.dtype)
  member = member[:, :, None] * (seen.count > 0)  # [folds, u, s]
  over_folds = jax.vmap(bayes.fit_prior, in_axes=(None, 0))
  priors = jax.vmap(over_folds, in_axes=(1, 2), out_axes=1)(seen, member)
  return jax.tree.map(lambda leaf: leaf[group], priors)


def _for_all(prior: bayes.Prior, shape: tuple[int, int]) -> bayes.Prior:
  return jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, shape + jnp.shape(leaf)), prior)


def _seen(order: Array, shots: Array) -> Array:
  """order [u, s, n] and shots [s] -> 1 for the first k images of each draw."""
  return (order < shots[:, None]).astype(jnp.float32)
