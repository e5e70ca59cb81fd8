"""How well personal scores rank the ratings that were held out: users and splits in, SROCC out.

Shapes: u users, n images (padded), s splits; one entry for each number of shots.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np

from paiaa_jax.errors import UserError
from paiaa_jax.personalization import solvers
from paiaa_jax.personalization.held_out import Evaluation, describe, rank_held_out
from paiaa_jax.personalization.solvers.base import Prediction, Solver, State, fit_all
from paiaa_jax.personalization.splits import Splits
from paiaa_jax.personalization.users import Users
from paiaa_jax.types import Array


def evaluate(
  method: str | Solver | Prediction | Array,
  users: Users,
  splits: Splits,
  *,
  state: State | None = None,
  keep_scores: bool = False,
) -> Evaluation:
  """Ranks each user's held-out images, in every split and for every number of shots.

  Args:
    method: a solver or its name; or scores that were made elsewhere from the same shots:
      [shots, u, n, s], of which those of held-out images are read, or a Prediction of leaves
      [shots, u, n, s], whose intervals are judged too.
    users: see users.make_users.
    splits: of these users.
    state: of the solver, from `solver.init(other_users)`; None: the other users' shots of the same
      split take their place where a solver needs other users.
    keep_scores: whether the Evaluation holds `scores`.

  Raises:
    UserError: an unknown solver, one that needs what is not given, or a held-out score that is not
      finite (with its user, image, split and number of shots).
    ValueError: scores of another shape.

  Example:
    >>> random = np.random.default_rng(0).normal(size=(2, 8, 60, 3))  # scores made elsewhere
    >>> theirs = pz.evaluate(random, users, splits)
    >>> bool(pz.evaluate("ridge", users, splits).srcc_personal.mean() > theirs.srcc_personal.mean())
    True
  """
  if isinstance(method, str | Solver):
    solver = solvers.named(method, users.rating_range)
    found = fit_and_rank(solver, users, splits, state, keep_scores=keep_scores)
    return jax.tree.map(np.asarray, found)
  given = method if isinstance(method, Prediction) else Prediction(method)
  scores = _check_scores(given.scores, users, splits)
  results = []
  for i, k in enumerate(splits.shots):
    one = _rank(users, splits, _order(scores[i]), k)
    said = jax.tree.map(lambda leaf, i=i: leaf[i], given)
    results.append(one if given.variance is None else _describe(one, users, splits, said, k))
  return jax.tree.map(lambda *leaves: np.stack(leaves), *results)


def predict(
  solver: str | Solver, users: Users, splits: Splits, state: State | None = None
) -> Prediction:
  """What the solver says of every image after every split's shots: leaves [shots, u, ..., s].

  The arguments are those of `evaluate`.

  Example:
    >>> pz.predict("ridge", users, splits).scores.shape
    (2, 8, 60, 3)
  """
  solver = solvers.named(solver, users.rating_range)
  return jax.tree.map(np.asarray, _predict(solver, users, splits, state))


@functools.partial(jax.jit, static_argnames=("solver",))
def _predict(solver: Solver, users: Users, splits: Splits, state: State | None) -> Prediction:
  return jax.tree.map(lambda *leaves: jnp.stack(leaves), *_by_shots(solver, users, splits, state))


@functools.partial(jax.jit, static_argnames=("solver", "keep_scores"))
def fit_and_rank(
  solver: Solver, users: Users, splits: Splits, state: State | None, *, keep_scores: bool
) -> Evaluation:
  """The compiled whole: one call for all users, splits and numbers of shots."""
  predictions = _by_shots(solver, users, splits, state)
  results = []
  for prediction, k in zip(predictions, splits.shots, strict=True):
    one = rank_held_out(users, splits, prediction.scores, k)
    one = describe(one, users, splits, prediction, k)
    results.append(one._replace(scores=prediction.scores if keep_scores else None))
  return jax.tree.map(lambda *leaves: jnp.stack(leaves), *results)


def _by_shots(
  solver: Solver, users: Users, splits: Splits, state: State | None
) -> list[Prediction]:
  """A Prediction of leaves [u, ..., s] for each number of shots."""
  with jax.default_matmul_precision("highest"):
    everything = fit_all(solver, state, users, splits)
  s = splits.num_splits
  return [
    jax.tree.map(lambda leaf, i=i: leaf[..., i * s : (i + 1) * s], everything)
    for i in range(len(splits.shots))
  ]


_rank = functools.partial(jax.jit, static_argnames="k")(rank_held_out)
_describe = functools.partial(jax.jit, static_argnames="k")(describe)


def ranked_images(users: Users, splits: Splits, k: int) -> np.ndarray:
  """What k shots leave to rank: [u, n, s] bool; nothing of a user with fewer than k + 2 images."""
  enough = users.valid.sum(axis=1) >= k + 2
  return np.asarray(splits.held_out(k) & enough[:, None, None])


def _check_scores(scores: Array, users: Users, splits: Splits) -> np.ndarray:
  """Scores [shots, u, n, s] of what is ranked, 0 elsewhere."""
  shots = splits.shots
  scores, wanted = np.asarray(scores), (len(shots), *splits.position.shape)
  if scores.shape != wanted:
    raise ValueError(f"scores have shape {scores.shape}; [shots, u, n, s] is {wanted} here.")
  ranked = np.stack([ranked_images(users, splits, k) for k in shots])
  bad = ranked & ~np.isfinite(scores)
  if bad.any():
    i, u, n, s = np.argwhere(bad)[0]
    image = users.image_ids[users.row[u, n]]
    raise UserError(
      f"the score of user {users.user_ids[u]}, image {image}, split {s}, k = {shots[i]} is "
      f"{scores[i, u, n, s]}, not a finite number ({bad.sum()} such in all)."
    )
  return np.where(ranked, scores, 0)


def _order(scores: np.ndarray) -> np.ndarray:
  """Each score's place, 0, 1, .., among the distinct ones of its column: [u, n, ...] -> float32.

  Float32 holds the places exactly, while float64 scores would tie in it.
  """
  order = np.argsort(scores, axis=1)
  rise = np.diff(np.take_along_axis(scores, order, axis=1), axis=1, prepend=scores.min(1)[:, None])
  places = np.empty(scores.shape, np.float32)
  np.put_along_axis(places, order, np.cumsum(rise > 0, axis=1, dtype=np.float32), axis=1)
  return places
