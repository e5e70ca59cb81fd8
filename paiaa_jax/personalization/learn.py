"""One user's ratings [n] of what a model said of n photographs -> Profile; numpy, without jax."""

from __future__ import annotations

import numpy as np

from paiaa_jax.errors import UserError
from paiaa_jax.personalization import left_out, posterior
from paiaa_jax.personalization.faults import rating_faults
from paiaa_jax.personalization.posterior import Photographs, TastePrior
from paiaa_jax.personalization.profile import Profile
from paiaa_jax.types import Array

FEWEST = 3  # ratings; below it, there is nothing to leave out


def learn_profile(
  rated: Photographs,
  ratings: Array,
  *,
  model_id: str,
  aux_names: tuple[str, ...],
  scale: tuple[float, float],
  rating_scale: tuple[float, float] = (1.0, 5.0),
  prior: TastePrior | None = None,
  groups: Array | None = None,
) -> Profile:
  """The posterior of personalization.posterior, and what it is worth on photographs left out.

  Args:
    rated: what the model says of the n photographs, in its points.
    ratings: [n] on `rating_scale`; mapped linearly to `scale`.
    model_id: of the model.
    aux_names: [k] of its outputs.
    scale: (lowest, highest) score of the model.
    rating_scale: (lowest, highest) possible rating.
    prior: what other users tell of this one; None: that little is known.
    groups: [n] bursts or folders, left out together; None: each photograph alone.

  Raises:
    UserError: fewer than three ratings, or one that is not finite or out of range.

  Example:
    >>> facts = dict(model_id="m", aux_names=("o", "c", "e", "a", "n"), scale=(0.0, 6.0))
    >>> rated = pz.Photographs(generic, outputs, np.zeros((60, 0)))
    >>> me = pz.learn_profile(rated, ratings[0], rating_scale=(0.0, 6.0), **facts)
    >>> len(me.weights), me.worth.verdict
    (5, 'better')
  """
  values = np.asarray(ratings, np.float64)
  n = len(values)
  if n < FEWEST:
    raise UserError(f"need at least {FEWEST} ratings, got {n}; 20 or more are recommended.")
  _check(rated, values, rating_scale)
  points = posterior.in_points(values, rating_scale, scale)
  prior = prior or posterior.broad_prior(scale, len(aux_names))
  prior = posterior.with_width(prior, rated)
  groups = np.arange(n) if groups is None else np.asarray(groups)
  return Profile(
    model_id=model_id,
    aux_names=tuple(aux_names),
    scale=(float(scale[0]), float(scale[1])),
    rating_scale=(float(rating_scale[0]), float(rating_scale[1])),
    ratings=tuple(values.tolist()),
    posterior=posterior.fit(prior, rated, points),
    worth=left_out.judge(prior, rated, points, groups),
  )


def _check(rated: Photographs, ratings: np.ndarray, rating_scale: tuple[float, float]) -> None:
  """Raises UserError for the first rating that cannot be learnt from."""
  images = {
    "a generic score": rated.generic,
    "an auxiliary output": rated.outputs,
    "an image coordinate": rated.coordinates,
  }
  faults = rating_faults(ratings, slice(None), images, rating_scale)
  for fault, where in faults.items():
    if where.any():
      raise UserError(f"photograph {int(np.argmax(where)) + 1} of {len(ratings)} has {fault}.")
