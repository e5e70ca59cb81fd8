"""Every user, every split, every k in one compiled call: generic scores in, SROCC out.

For each user and split, k ratings drawn by hash are shown to a solver and the others are ranked.
Shapes: u users, n images (padded), s splits, k auxiliary outputs; a fit sees `shots` ratings.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np

from paiaa_jax.personalization import solvers
from paiaa_jax.personalization.bayes import Prior
from paiaa_jax.personalization.checks import (
  Users,
  check_features,
  check_scores,
  check_users,
  ids_or_positions,
)
from paiaa_jax.personalization.evaluation import (
  Evaluation,
  describe_fits,
  rank_held_out,
  unless,
)
from paiaa_jax.personalization.fits import fit_all
from paiaa_jax.personalization.fusion import design
from paiaa_jax.personalization.ranks import correlate_ranks, subset_ranks
from paiaa_jax.personalization.splits import Draws, draw_splits
from paiaa_jax.types import Array


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
  keep_scores: bool = False,
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
    keep_scores: whether the Evaluation holds `scores`, n numbers for each fit.

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
  return evaluate_draws(
    users, draws, prior, features, solver=solver, shots=tuple(shots), keep_scores=keep_scores
  )


def evaluate_predictions(
  scores: Array,
  generic: Array,
  ratings: Array,
  valid: Array,
  *,
  shots: tuple[int, ...] = (10, 100),
  num_splits: int = 50,
  seed: int = 0,
  user_ids: Array | None = None,
  image_ids: Array | None = None,
) -> Evaluation:
  """Ranks anybody's personal scores on the images that each split holds out.

  Args:
    scores: [shots, u, n, s], by a fit that saw the images at positions < k of draw_splits with the
      same seed and ids. Only those of held-out images are read, and only their order counts.
    generic: [u, n], the scores to compare with.

  The other arguments are those of `evaluate_splits`. What only a fit has (weights, intercept,
  strength, coverage, width) is NaN in the Evaluation.

  Raises:
    ValueError: shapes that disagree, or a held-out score that is not finite (with its user, image,
      split and k).
  """
  user_ids, image_ids = ids_or_positions(user_ids, image_ids, np.shape(valid))
  no_traits = np.zeros((*np.shape(valid), 0), np.float32)
  users = check_users(generic, no_traits, ratings, valid, user_ids, image_ids)
  draws = draw_splits(users.valid, user_ids, image_ids, num_splits=num_splits, seed=seed)
  scores = check_scores(scores, draws.position, shots, user_ids, image_ids)
  ordered = users._replace(generic=_order(np.where(users.valid, generic, 0)))
  results = [
    _rank_scores(ordered, draws, _order(one), k=k) for one, k in zip(scores, shots, strict=True)
  ]
  return jax.tree.map(lambda *leaves: np.stack(leaves), *results)


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


@functools.partial(jax.jit, static_argnames=("solver", "shots", "keep_scores"))
def evaluate_draws(
  users: Users,
  draws: Draws,
  prior: Prior | None = None,
  features: Array | None = None,
  *,
  solver: solvers.Solver,
  shots: tuple[int, ...],
  keep_scores: bool = False,
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
    personal = users.generic[..., None] + mine.added
    one = describe_fits(rank_held_out(users, draws, personal, k), users, draws, mine, k)
    results.append(one._replace(scores=personal if keep_scores else None))
  return jax.tree.map(lambda *leaves: jnp.stack(leaves), *results)


_rank_scores = functools.partial(jax.jit, static_argnames="k")(rank_held_out)


def _order(scores: np.ndarray) -> np.ndarray:
  """Each score's place, 0, 1, .., among the distinct ones of its column: [u, n, ...] -> float32.

  Float32 holds the places exactly, while float64 scores would tie in it.
  """
  order = np.argsort(scores, axis=1)
  rise = np.diff(np.take_along_axis(scores, order, axis=1), axis=1, prepend=scores.min(1)[:, None])
  places = np.empty(scores.shape, np.float32)
  np.put_along_axis(places, order, np.cumsum(rise > 0, axis=1, dtype=np.float32), axis=1)
  return places


@functools.partial(jax.jit, static_argnames="k")
def _srcc_of_fixed_scores(users: Users, draws: Draws, *, k: int) -> Array:
  count = jnp.maximum(jnp.sum(users.valid, axis=1) - k, 0)
  held_out = (draws.position >= k) & users.valid[..., None]
  ranked = [subset_ranks(values, held_out) for values in (users.generic, users.ratings)]
  return unless(count < 2, correlate_ranks(*ranked, count).srcc)
