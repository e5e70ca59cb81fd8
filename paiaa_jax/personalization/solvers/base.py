"""What a way to learn a user's scores is: two pure functions for one user and one split.

`init` takes what other users tell, `predict` a user's shots; `vmap` over users and splits stands in
`over_users_and_splits` alone. A method that fits all users together, or block by block, may give
`fit_all` too; it must return what the vmapped pair returns.

Shapes: n images of one user (padded), k auxiliary outputs, d = k + 1, m coordinates; u users; f
fits of a user (shots x splits), on the last axis, where they fill a processor's vectors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from paiaa_jax.personalization.splits import Splits
from paiaa_jax.personalization.users import Users
from paiaa_jax.types import Array


class Shots(NamedTuple):
  """One user's images, and the ratings of those that a fit may see.

  Attributes:
    generic: [n] generic scores, in points; 0 where padded.
    outputs: [n, k] auxiliary outputs; 0 where padded.
    coordinates: [n, m]; 0 where padded.
    ratings: [n] in points; 0 where not seen.
    seen: [n] float, 1 where the rating is seen.
    position: [n] int, the order in which the images were drawn; splits.NEVER where padded.

  Example: see Solver.
  """

  generic: Array
  outputs: Array
  coordinates: Array
  ratings: Array
  seen: Array
  position: Array

  @property
  def residuals(self) -> Array:
    """[n] ratings less generic scores; 0 where not seen."""
    return (self.ratings - self.generic) * self.seen


class Prediction(NamedTuple):
  """What a solver says of all n images of a user; None for what it does not know.

  Attributes:
    scores: [n] in points.
    variance: [n], of a new rating about its score, in squared points.
    degrees_of_freedom: scalar, of Student's t for intervals; None for a normal distribution.
    weights: [d] of the auxiliary outputs, the last one the intercept.
    penalty: scalar, the ridge penalty, the likeliest one where several were averaged.

  Example: see Solver.
  """

  scores: Array
  variance: Array | None = None
  degrees_of_freedom: Array | None = None
  weights: Array | None = None
  penalty: Array | None = None


State = Any  # what `init` returns: arrays in any nesting


class Solver(NamedTuple):
  """A way to learn a user's scores.

  Attributes:
    init: (other users, or None) -> State: a prior, a kernel's variances, or () where the method
      learns from nobody else.
    predict: (State, Shots) -> Prediction.
    fit_all: (State or None, Users, Splits) -> Prediction with leaves [u, ..., f]. None as the state
      means that the other users' shots of the same split tell what `init` would have told.
    reads_coordinates: whether `Shots.coordinates` are read.

  Example:
    >>> def shift(state, shots):  # adds the mean of what the shots lie above their generic scores
    ...   above = jnp.sum((shots.ratings - shots.generic) * shots.seen) / jnp.sum(shots.seen)
    ...   return pz.Prediction(shots.generic + above)
    >>> pz.evaluate(pz.Solver(lambda other_users: (), shift), users, splits).srcc_personal.shape
    (2, 8, 3)
  """

  init: Callable[[Users | None], State]
  predict: Callable[[State, Shots], Prediction]
  fit_all: Callable[[State | None, Users, Splits], Prediction] | None = None
  reads_coordinates: bool = False


def alone(other_users: Users | None) -> tuple[()]:
  """The `init` of a solver that learns from nobody but the user."""
  del other_users
  return ()


def fit_all(solver: Solver, state: State | None, users: Users, splits: Splits) -> Prediction:
  """Every user, split and number of shots: Prediction with leaves [u, ..., f]."""
  if solver.fit_all:
    return solver.fit_all(state, users, splits)
  state = solver.init(None) if state is None else state
  return over_users_and_splits(lambda *shots: solver.predict(state, Shots(*shots)), range(3))(
    *shots_of(users, splits)
  )


def shots_of(users: Users, splits: Splits) -> Shots:
  """The Shots of every user and fit: the first three leaves [u, n, ..], the others [u, n, f]."""
  shots, s = splits.shots, splits.num_splits
  position = jnp.tile(splits.position, len(shots))
  seen = position < jnp.repeat(jnp.asarray(shots), s)[None, None, :]
  return Shots(
    users.generic,
    users.outputs,
    users.coordinates,
    jnp.where(seen, users.ratings[..., None], 0),
    seen.astype(jnp.float32),
    position,
  )


def over_users_and_splits(fit: Callable, shared: Any = ()) -> Callable:
  """Maps a function of one user and one fit: [u, ..., f] each.

  Arguments at the places `shared` are [u, ...], alike in all fits of a user.
  """

  def mapped(*args):
    axes = tuple(None if i in shared else -1 for i in range(len(args)))
    return jax.vmap(jax.vmap(fit, in_axes=axes, out_axes=-1))(*args)

  return mapped
