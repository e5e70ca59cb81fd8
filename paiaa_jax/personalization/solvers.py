"""How stage 2 is fitted: one frozen record of settings a solver, and its fit of all people at once.

Shapes: u users, s fits a user (shots x splits), n images, d = k + 1 columns of the design.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from paiaa_jax.personalization import bayes, fusion
from paiaa_jax.personalization.fusion import Moments
from paiaa_jax.types import Array

GRID = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, float("inf"))
REFINING_STEPS = 10  # of expectation maximisation, for a crowd without one group


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
    weights: [u, d, s], the last row the intercept.
    strength: [u, s], the ridge chosen; NaN where there is none.
    half_width: [u, n, s], half the interval about each image's score; None where there is none.
  """

  weights: Array
  strength: Array
  half_width: Array | None


def named(solver: str | Solver) -> Solver:
  """The settings a name stands for; settings themselves pass."""
  if isinstance(solver, str) and solver not in SOLVERS:
    raise ValueError(f"solver {solver!r} is unknown; use one of {', '.join(SOLVERS)}.")
  return SOLVERS[solver] if isinstance(solver, str) else solver


def fit_all(
  solver: Solver, x: Array, target: Array, position: Array, shots: Array, prior: bayes.Prior | None
) -> Fits:
  """Fits every user on the first `shots` images of each split's draw.

  Args:
    solver: its settings.
    x: [u, n, d] design; target: [u, n] rating less generic score; 0 where padded.
    position: [u, n, s], where each image was drawn.
    shots: [s], how many a fit sees.
    prior: of `Bayes`; None takes it from the other users.
  """
  if isinstance(solver, Sgd):
    return _fit_sgd(solver, x, target, position, shots)
  seen = (position < shots[None, None, :]).astype(x.dtype)
  if isinstance(solver, Ridge):
    return _fit_ridge(solver, x, target, seen)
  return _fit_bayes(solver, x, target, seen, prior)


def over_users_and_splits(fit: Callable, *shared: int) -> Callable:
  """Maps a function of one user and one split; arguments at `shared` are the user's, any split."""

  def mapped(*args):
    axes = tuple(None if i in shared else -1 for i in range(len(args)))
    return jax.vmap(jax.vmap(fit, in_axes=axes, out_axes=-1))(*args)

  return mapped


def _fit_ridge(solver: Ridge, x: Array, target: Array, seen: Array) -> Fits:
  """Exact weights; with several strengths, each fit takes the one of least leave-one-out error."""
  sums = over_users_and_splits(fusion.moments, 0, 1)(x, target, seen)
  strengths = jnp.asarray(solver.strengths, x.dtype)

  def error(strength):
    loo = functools.partial(fusion.loo_error, strength=strength, intercept=solver.intercept)
    return over_users_and_splits(loo, 1, 2)(sums, x, target, seen)

  if len(solver.strengths) == 1:
    strength = jnp.full(seen.shape[::2], strengths[0])
  else:
    strength = strengths[jnp.argmin(jax.lax.map(error, strengths), axis=0)]
  fit = functools.partial(fusion.fit_ridge, intercept=solver.intercept)
  return Fits(over_users_and_splits(fit)(sums, strength), strength, None)


def _fit_sgd(solver: Sgd, x: Array, target: Array, position: Array, shots: Array) -> Fits:
  """The paper's descent; batch b of a fit holds the images drawn b-th batch_size by batch_size."""
  settings = dataclasses.asdict(solver)
  size = settings.pop("batch_size")

  def fit(x, target, position, shots):
    batch = jnp.arange(-(-position.shape[0] // size))
    chosen = (position < shots)[None, :] & ((position // size)[None, :] == batch[:, None])
    sums = jax.vmap(fusion.moments, in_axes=(None, None, 0))(x, target, chosen.astype(x.dtype))
    return fusion.fit_sgd(sums, **settings)

  shots = jnp.broadcast_to(shots[None, :], position.shape[::2])
  weights = over_users_and_splits(fit, 0, 1)(x, target, position, shots)
  return Fits(weights, jnp.full(shots.shape, jnp.nan), None)


def _fit_bayes(
  solver: Bayes, x: Array, target: Array, seen: Array, prior: bayes.Prior | None
) -> Fits:
  """Posterior means, and the intervals that follow."""
  sums = over_users_and_splits(fusion.moments, 0, 1)(x, target, seen)
  if prior is None:
    priors = _priors_of_others(solver, sums)
  else:
    shape = sums.count.shape
    priors = jax.tree.map(
      lambda p: jnp.broadcast_to(p[..., None], (shape[0], *p.shape, shape[1])), prior
    )
  posterior = over_users_and_splits(bayes.fit_bayes)(sums, priors)
  width = functools.partial(bayes.interval_half_width, level=solver.level)
  half_width = over_users_and_splits(width, 1)(posterior, x)
  return Fits(posterior.mean, jnp.full(sums.count.shape, jnp.nan), half_width)


def _priors_of_others(solver: Bayes, sums: Moments) -> bayes.Prior:
  """A prior for each user and split, from the other groups' shots in the same split.

  Each begins where the whole crowd's ended, which a few steps without the group then correct.
  """
  users = sums.count.shape[0]
  folds = min(users, solver.folds)
  group = jnp.arange(users) % folds
  rated = (sums.count > 0).astype(sums.count.dtype)
  over_splits = functools.partial(jax.vmap, in_axes=-1, out_axes=-1)
  everyone = over_splits(bayes.fit_prior)(sums, rated)

  def without(fold):
    member = rated * (group != fold)[:, None].astype(rated.dtype)
    refine = functools.partial(bayes.fit_prior, steps=REFINING_STEPS)
    return over_splits(lambda s, m, p: refine(s, m, begin=p))(sums, member, everyone)

  priors = jax.lax.map(without, jnp.arange(folds))
  return jax.tree.map(lambda leaf: leaf[group], priors)
