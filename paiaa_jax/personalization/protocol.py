"""Every user, every split, every k in one compiled call: generic scores in, SROCC out.

For each user and split, k ratings drawn by hash are shown to a solver and the others are ranked.
Shapes: u users, n images (padded), s splits, k auxiliary outputs; a fit sees `shots` ratings.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from paiaa_jax.personalization import solvers
from paiaa_jax.personalization.bayes import Prior
from paiaa_jax.personalization.checks import check_users
from paiaa_jax.personalization.fusion import design
from paiaa_jax.personalization.ranks import held_out_srcc
from paiaa_jax.personalization.splits import draw_order
from paiaa_jax.types import Array


class Evaluation(NamedTuple):
  """Arrays for each k of `shots`, user and split; NaN where undefined or left out.

  Attributes:
    srcc_personal: [shots, u, s], SROCC of the personal scores on the held-out images.
    srcc_generic: [shots, u, s], SROCC of the generic scores on the same images.
    weights: [shots, u, s, k].
    intercept: [shots, u, s], in points.
    strength: [shots, u, s], the ridge chosen by leave-one-out; NaN where a solver has none.
    coverage: [shots, u, s], share of held-out ratings within their interval; NaN without intervals.
    width: [shots, u, s], mean width of those intervals, in points.
    left_out: [shots, u], True where fewer than k + 2 images leave nothing to rank.
    constant_ratings: [shots, u], splits whose held-out ratings are all equal.
    constant_personal, constant_generic: [shots, u], the same for the scores.
  """

  srcc_personal: Array
  srcc_generic: Array
  weights: Array
  intercept: Array
  strength: Array
  coverage: Array
  width: Array
  left_out: Array
  constant_ratings: Array
  constant_personal: Array
  constant_generic: Array


def evaluate_splits(
  generic: Array,
  traits: Array,
  ratings: Array,
  valid: Array,
  *,
  shots: tuple[int, ...] = (10, 100),
  num_splits: int = 50,
  seed: int = 0,
  solver: str | solvers.Solver = "ridge",
  user_ids: Array | None = None,
  image_ids: Array | None = None,
  prior: Prior | None = None,
  scale: tuple[float, float] | None = None,
) -> Evaluation:
  """Fits every user on k ratings, num_splits times for each k, and ranks the rest.

  Args:
    generic: [u, n] float, generic score of each image, in points.
    traits: [u, n, k] float, auxiliary outputs of each image.
    ratings: [u, n] float, the user's own rating, in points.
    valid: [u, n] bool, False where padded (the other arrays may hold anything there).
    shots: ratings a fit sees.
    num_splits: s.
    seed: of the draws.
    solver: a key of solvers.SOLVERS, or settings of one.
    user_ids: [u], image_ids: [u, n]: what the draws are hashed from; positions by default.
    prior: for `bayes`, from a crowd of other people; by default it comes from the others' shots.
    scale: (lowest, highest) rating possible; None for any.

  Returns:
    An Evaluation.

  Raises:
    ValueError: shapes that disagree, an unknown solver, or a rating, score or trait that is not
      finite or out of range (with the user's id).
  """
  data = check_users(generic, traits, ratings, valid, user_ids, image_ids, scale)
  solver = solvers.named(solver)
  order = draw_order(
    data.valid, data.user_ids, data.image_ids, num_splits=num_splits, seed=seed
  )
  return evaluate_order(
    data.generic, data.traits, data.ratings, data.valid, order, prior, solver=solver, shots=shots
  )


def evaluate_scores(
  scores: Array,
  ratings: Array,
  valid: Array,
  *,
  shots: tuple[int, ...] = (10, 100),
  num_splits: int = 50,
  seed: int = 0,
  user_ids: Array | None = None,
  image_ids: Array | None = None,
) -> np.ndarray:
  """SROCC of any personal scores [u, n] on the held-out images of the same splits.

  The other arguments are those of `evaluate_splits`; returns [shots, u, s], NaN where undefined.
  """
  nothing = np.zeros((*np.shape(scores), 0), np.float32)
  data = check_users(scores, nothing, ratings, valid, user_ids, image_ids)
  order = draw_order(data.valid, data.user_ids, data.image_ids, num_splits=num_splits, seed=seed)
  return np.stack([_rank_scores(data.generic, data.ratings, data.valid, order, k) for k in shots])


@jax.jit
def _rank_scores(scores: Array, ratings: Array, valid: Array, order: Array, k: int) -> Array:
  held_out = valid[:, None, :] & (order >= k)
  srcc = held_out_srcc(jnp.broadcast_to(scores[:, None, :], order.shape), ratings, held_out).srcc
  return jnp.where(jnp.sum(valid, axis=1)[:, None] < k + 2, jnp.nan, srcc)


@functools.partial(jax.jit, static_argnames=("solver", "shots"))
def evaluate_order(
  generic: Array,
  traits: Array,
  ratings: Array,
  valid: Array,
  order: Array,
  prior: Prior | None,
  *,
  solver: solvers.Solver,
  shots: tuple[int, ...],
) -> Evaluation:
  """The compiled part of `evaluate_splits`, once the draws `order` [u, s, n] are known."""
  x = design(traits)
  target = ratings - generic
  orders = jnp.concatenate([order] * len(shots), axis=1)  # [u, shots * s, n]
  limits = jnp.repeat(jnp.asarray(shots), order.shape[1])
  fits = _fit(solver, x, target, orders, limits, prior)
  personal = generic[:, None, :] + jnp.einsum(
    "und,usd->usn", x, fits.weights, precision="highest"
  )
  held_out = valid[:, None, :] & (orders >= limits[:, None])
  ours = held_out_srcc(personal, ratings, held_out)
  theirs = held_out_srcc(jnp.broadcast_to(generic[:, None, :], held_out.shape), ratings, held_out)
  coverage, width = _intervals(fits.half_width, personal, ratings, held_out)
  left_out = jnp.sum(valid, axis=1) < jnp.asarray(shots)[:, None] + 2

  def by_shots(values):  # [u, shots * s, ...] -> [shots, u, s, ...]
    values = values.reshape(values.shape[0], len(shots), order.shape[1], *values.shape[2:])
    return jnp.moveaxis(values, 1, 0)

  def defined(values):
    return jnp.where(left_out[:, :, None], jnp.nan, by_shots(values))

  def counted(values):
    return jnp.where(left_out, 0, jnp.sum(by_shots(values), axis=-1))

  return Evaluation(
    srcc_personal=defined(ours.srcc),
    srcc_generic=defined(theirs.srcc),
    weights=by_shots(fits.weights[..., :-1]),
    intercept=by_shots(fits.weights[..., -1]),
    strength=by_shots(fits.strength),
    coverage=defined(coverage),
    width=defined(width),
    left_out=left_out,
    constant_ratings=counted(ours.constant_ratings),
    constant_personal=counted(ours.constant_scores),
    constant_generic=counted(theirs.constant_scores),
  )


def _fit(solver, x, target, order, shots, prior) -> solvers.Fits:
  if isinstance(solver, solvers.Ridge):
    return solvers.fit_ridge(solver, x, target, order, shots)
  if isinstance(solver, solvers.Sgd):
    return solvers.fit_sgd(solver, x, target, order, shots)
  return solvers.fit_bayes(solver, x, target, order, shots, prior)


def _intervals(half_width, personal, ratings, held_out) -> tuple[Array, Array]:
  """Coverage and mean width [u, s] over the held-out images; NaN without intervals."""
  if half_width is None:
    nothing = jnp.full(held_out.shape[:2], jnp.nan)
    return nothing, nothing
  within = jnp.abs(ratings[:, None, :] - personal) <= half_width
  count = jnp.sum(held_out, axis=-1)
  coverage = jnp.sum(within & held_out, axis=-1) / count
  width = jnp.sum(jnp.where(held_out, 2 * half_width, 0), axis=-1) / count
  return coverage, width
