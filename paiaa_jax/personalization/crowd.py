"""A prior for `bayes` from people outside the evaluated set."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from paiaa_jax.personalization import bayes, fusion
from paiaa_jax.personalization.checks import Users, check_users, ids_or_positions
from paiaa_jax.types import Array

FEWEST_PEOPLE = 2


def crowd_prior(
  generic: Array,
  traits: Array,
  ratings: Array,
  valid: Array,
  *,
  user_ids: Array | None = None,
  image_ids: Array | None = None,
  scale: tuple[float, float] | None = None,
) -> bayes.Prior:
  """What a crowd's ratings say of the weights of a person not in it.

  The arguments are those of `protocol.evaluate_splits`. The crowd's generic scores and auxiliary
  outputs must be out of fold: predicted by a network that was not trained on those photographs.

  Raises:
    ValueError: as `evaluate_splits`, or fewer than two people with a rating.
  """
  user_ids, image_ids = ids_or_positions(user_ids, image_ids, np.shape(valid))
  users = check_users(generic, traits, ratings, valid, user_ids, image_ids, scale)
  people = int(users.valid.any(axis=1).sum())
  if people < FEWEST_PEOPLE:
    raise ValueError(
      f"a crowd of {people} tells no prior; it takes {FEWEST_PEOPLE} people or more."
    )
  return _fit(users)


@jax.jit
def _fit(users: Users) -> bayes.Prior:
  with jax.default_matmul_precision("highest"):
    seen = users.valid.astype(jnp.float32)
    target = users.ratings - users.generic
    sums = jax.vmap(fusion.moments)(fusion.design(users.traits), target, seen)
    return bayes.fit_prior(sums, (sums.count > 0).astype(jnp.float32))
