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
from paiaa_jax.personalization.checks import Users, check_features, check_users, ids_or_positions
from paiaa_jax.personalization.fits import Fits, fit_all
from paiaa_jax.personalization.fusion import design
from paiaa_jax.personalization.ranks import correlate_ranks, ranks, subset_ranks
from paiaa_jax.personalization.splits import Draws, draw_splits
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
    constant_ratings: [shots, u, s], True where the held-out ratings are all equal.
    constant_personal, constant_generic: [shots, u, s], the same for the scores.
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
  features: Array | None = None,
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
    features: [u, n, f] pooled features, for `conditional`.
    prior: for `bayes`, from a crowd of other people; by default it comes from the others' shots.
    scale: (lowest, highest) rating possible; None for any.

  Returns:
    An Evaluation.

  Raises:
    ValueError: shapes that disagree, an unknown solver, or a rating, score or trait that is not
      finite or out of range (with the user's id).
  """
  user_ids, image_ids = ids_or_positions(user_ids, image_ids, np.shape(valid))
  users = check_users(generic, traits, ratings, valid, user_ids, image_ids, scale)
  draws = draw_splits(users.valid, user_ids, image_ids, num_splits=num_splits, seed=seed)
  solver = solvers.named(solver)
  if min(shots) < 1:
    raise ValueError(f"shots are {tuple(shots)}; a fit needs at least 1 rating.")
  if isinstance(solver, solvers.Bayes) and prior is None and len(users.valid) < 2:
    raise ValueError("bayes leans on other people: with one user, give it a prior from a crowd.")
  if isinstance(solver, solvers.Conditional):
    features = check_features(features, users.valid, user_ids)
  else:
    features = None
  return evaluate_draws(users, draws, prior, features, solver=solver, shots=tuple(shots))


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
  user_ids, image_ids = ids_or_positions(user_ids, image_ids, np.shape(valid))
  no_traits = np.zeros((*np.shape(scores), 0), np.float32)
  users = check_users(scores, no_traits, ratings, valid, user_ids, image_ids)
  draws = draw_splits(users.valid, user_ids, image_ids, num_splits=num_splits, seed=seed)
  return np.stack([_srcc_of_fixed_scores(users, draws, k=k) for k in shots])


@functools.partial(jax.jit, static_argnames=("solver", "shots"))
def evaluate_draws(
  users: Users,
  draws: Draws,
  prior: Prior | None = None,
  features: Array | None = None,
  *,
  solver: solvers.Solver,
  shots: tuple[int, ...],
) -> Evaluation:
  """The compiled part of `evaluate_splits`: checked users and their draws in, all else as there."""
  with jax.default_matmul_precision("highest"):
    x = design(users.traits)
    target = users.ratings - users.generic
    num_splits = draws.position.shape[2]
    fits = fit_all(
      solver,
      x,
      target,
      jnp.tile(draws.position, len(shots)),
      jnp.repeat(jnp.asarray(shots), num_splits),
      draws.turn,
      prior,
      features,
    )
  results = []
  for i, k in enumerate(shots):
    columns = slice(i * num_splits, (i + 1) * num_splits)
    mine = jax.tree.map(lambda leaf, c=columns: leaf[..., c], fits)
    results.append(_rank_held_out(users, draws, mine, k))
  return jax.tree.map(lambda *leaves: jnp.stack(leaves), *results)


def _rank_held_out(users: Users, draws: Draws, fits: Fits, k: int) -> Evaluation:
  """One k's Evaluation (without the leading axis) of what was fitted on k ratings."""
  personal = users.generic[..., None] + fits.added  # [u, n, s]
  count = jnp.maximum(jnp.sum(users.valid, axis=1) - k, 0)  # [u] images held out
  held_out = (draws.position >= k) & users.valid[..., None]
  rating_ranks = subset_ranks(users.ratings, held_out)
  generic = correlate_ranks(subset_ranks(users.generic, held_out), rating_ranks, count)
  # Pairs are counted among the images drawn from position k on, closed up: that costs their number
  # squared. Then each rank goes back to its image.
  first = min(k, personal.shape[1] - 1)
  closed_up = ranks(jnp.take_along_axis(personal, draws.image[:, first:], axis=1), count)
  place = jnp.clip(draws.position - first, 0, closed_up.shape[1] - 1)
  personal_ranks = jnp.where(held_out, jnp.take_along_axis(closed_up, place, axis=1), 0)
  ours = correlate_ranks(personal_ranks, rating_ranks, count)
  coverage, width = _intervals(fits.half_width, personal - users.ratings[..., None], held_out)
  left_out = count < 2
  return Evaluation(
    srcc_personal=_unless(left_out, ours.srcc),
    srcc_generic=_unless(left_out, generic.srcc),
    weights=jnp.moveaxis(fits.weights[:, :-1], 1, -1),
    intercept=fits.weights[:, -1],
    strength=jnp.full_like(ours.srcc, jnp.nan) if fits.strength is None else fits.strength,
    coverage=_unless(left_out, coverage),
    width=_unless(left_out, width),
    left_out=left_out,
    constant_ratings=ours.constant_b & ~left_out[:, None],
    constant_personal=ours.constant_a & ~left_out[:, None],
    constant_generic=generic.constant_a & ~left_out[:, None],
  )


@functools.partial(jax.jit, static_argnames="k")
def _srcc_of_fixed_scores(users: Users, draws: Draws, *, k: int) -> Array:
  count = jnp.maximum(jnp.sum(users.valid, axis=1) - k, 0)
  held_out = (draws.position >= k) & users.valid[..., None]
  ranked = [subset_ranks(values, held_out) for values in (users.generic, users.ratings)]
  return _unless(count < 2, correlate_ranks(*ranked, count).srcc)


def _intervals(half_width: Array | None, error: Array, held_out: Array) -> tuple[Array, Array]:
  """Share of the held-out errors [u, n, s] within the interval, and its mean width: [u, s] each."""
  if half_width is None:
    nothing = jnp.full(held_out.shape[::2], jnp.nan)
    return nothing, nothing
  count = jnp.sum(held_out, axis=1)
  coverage = jnp.sum(held_out & (jnp.abs(error) <= half_width), axis=1) / count
  return coverage, jnp.sum(jnp.where(held_out, 2 * half_width, 0), axis=1) / count


def _unless(left_out: Array, values: Array) -> Array:
  return jnp.where(left_out[:, None], jnp.nan, values)
