"""All users and all splits fitted at once: the maths of one, mapped.

Shapes: u users, n images, d = k + 1 columns of the design, s fits a user (shots x splits) on the
last axis, where they fill a processor's vectors.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from paiaa_jax.personalization import bayes, conditional, fusion
from paiaa_jax.personalization.fusion import Moments
from paiaa_jax.personalization.solvers import (
  RATINGS_A_WEIGHT,
  Bayes,
  Conditional,
  Ridge,
  Sgd,
  Solver,
)
from paiaa_jax.personalization.splits import NEVER
from paiaa_jax.types import Array

REFINING_STEPS = 10  # of expectation maximisation, for a crowd without one group


class Fits(NamedTuple):
  """What was fitted for u users x s splits.

  Attributes:
    weights: [u, d, s], the last row the intercept; where they depend on the image, their mean.
    added: [u, n, s], the personal score less the generic one, of each image.
    strength: [u, s], the ridge chosen; None where there is none.
    half_width: [u, n, s], half the interval about each image's score; None where there is none.
  """

  weights: Array
  added: Array
  strength: Array | None = None
  half_width: Array | None = None


def fit_all(
  solver: Solver,
  x: Array,
  target: Array,
  position: Array,
  shots: Array,
  turn: Array,
  prior: bayes.Prior | None = None,
  features: Array | None = None,
) -> Fits:
  """Fits every user on the first `shots` images of each split's draw.

  Args:
    solver: its settings.
    x: [u, n, d] design; target: [u, n] rating less generic score; 0 where padded.
    position: [u, n, s], where each image was drawn.
    shots: [s], how many a fit sees.
    turn: [u], an order of the users, by which `Bayes` deals them into groups.
    prior: of `Bayes`; None takes it from the other users.
    features: [u, n, f], of `Conditional`; 0 where padded.
  """
  if isinstance(solver, Sgd):
    return _fit_sgd(solver, x, target, position, shots)
  seen = (position < shots[None, None, :]).astype(x.dtype)
  if isinstance(solver, Ridge):
    return _fit_ridge(solver, x, target, seen)
  if isinstance(solver, Conditional):
    return _fit_conditional(solver, x, target, seen, position[..., 0] < NEVER, features)
  return _fit_bayes(solver, x, target, seen, turn, prior)


def over_users_and_splits(fit: Callable, *shared: int) -> Callable:
  """Maps a function of one user and one split; arguments at `shared` are the user's, any split."""

  def mapped(*args):
    axes = tuple(None if i in shared else -1 for i in range(len(args)))
    return jax.vmap(jax.vmap(fit, in_axes=axes, out_axes=-1))(*args)

  return mapped


def _fit_ridge(solver: Ridge, x: Array, target: Array, seen: Array) -> Fits:
  """Exact weights; with several strengths, each fit takes the one of least leave-one-out error.

  Of a few shots that error is itself little but noise, and the least of eight such errors belongs
  to too weak a strength as a rule. So a strength is in the running only where the shots can pay for
  the weights that it sets free; the strongest always is.
  """
  sums = over_users_and_splits(fusion.moments, 0, 1)(x, target, seen)
  strengths = jnp.asarray(solver.strengths, x.dtype)

  def error(strength):
    loo = functools.partial(fusion.leave_one_out, strength=strength, intercept=solver.intercept)
    wrong, free = over_users_and_splits(loo, 1, 2)(sums, x, target, seen)
    paid = (free * RATINGS_A_WEIGHT <= sums.count) | (strength == max(solver.strengths))
    return jnp.where(paid, wrong, jnp.inf)

  if len(solver.strengths) == 1:
    strength = jnp.full(seen.shape[::2], strengths[0])
  else:
    strength = strengths[jnp.argmin(jax.lax.map(error, strengths), axis=0)]
  fit = functools.partial(fusion.fit_ridge, intercept=solver.intercept)
  weights = over_users_and_splits(fit)(sums, strength)
  return Fits(weights, x @ weights, strength)


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
  return Fits(weights, x @ weights)


def _fit_conditional(
  solver: Conditional, x: Array, target: Array, seen: Array, valid: Array, features: Array
) -> Fits:
  """A network for each user and split, a block of splits at a time; valid [u, n]."""
  traits = x[..., :-1]
  layers = conditional.initial_layers(features.shape[-1], solver.widths, traits.shape[-1])

  def one_user(user):
    features, traits, target, seen = user

    def one_split(seen):
      return conditional.fit_conditional(
        layers,
        features,
        traits,
        target,
        seen,
        learning_rate=solver.learning_rate,
        weight_decay=solver.weight_decay,
        steps=solver.steps,
      )

    return jax.lax.map(one_split, seen.T, batch_size=solver.block)

  weights = jax.lax.map(one_user, (features, traits, target, seen))  # [u, s, n, k]
  added = jnp.sum(weights * traits[:, None], axis=-1)
  mean = jnp.mean(weights, axis=2, where=valid[:, None, :, None])
  mean = jnp.concatenate([mean, jnp.zeros_like(mean[..., :1])], axis=-1)  # no intercept
  return Fits(jnp.moveaxis(mean, 1, -1), jnp.moveaxis(added, 1, -1))


def _fit_bayes(
  solver: Bayes, x: Array, target: Array, seen: Array, turn: Array, prior: bayes.Prior | None
) -> Fits:
  """Posterior means, and the intervals that follow."""
  sums = over_users_and_splits(fusion.moments, 0, 1)(x, target, seen)
  if prior is None:
    priors = _priors_of_others(sums, turn, min(len(turn), solver.folds))
  else:
    shape = sums.count.shape
    priors = jax.tree.map(
      lambda p: jnp.broadcast_to(p[..., None], (shape[0], *p.shape, shape[1])), prior
    )
  if not solver.own:
    return Fits(priors.mean, x @ priors.mean)
  posterior = over_users_and_splits(bayes.fit_bayes)(sums, priors)
  width = functools.partial(bayes.interval_half_width, level=solver.level)
  half_width = over_users_and_splits(width, 1)(posterior, x)
  return Fits(posterior.mean, x @ posterior.mean, half_width=half_width)


def _priors_of_others(sums: Moments, turn: Array, folds: int) -> bayes.Prior:
  """A prior for each user and split, from the other groups' shots in the same split.

  Each begins where the whole crowd's ended, which a few steps without the group then correct.
  """
  group = turn % folds
  rated = (sums.count > 0).astype(sums.count.dtype)
  over_splits = functools.partial(jax.vmap, in_axes=-1, out_axes=-1)
  everyone = over_splits(bayes.fit_prior)(sums, rated)

  def without(fold):
    member = rated * (group != fold)[:, None].astype(rated.dtype)
    refine = functools.partial(bayes.fit_prior, steps=REFINING_STEPS)
    return over_splits(lambda s, m, p: refine(s, m, begin=p))(sums, member, everyone)

  priors = jax.lax.map(without, jnp.arange(folds))
  return jax.tree.map(lambda leaf: leaf[group], priors)
