"""What one user told of n photographs that a model described -> Profile; numpy, without jax."""

from __future__ import annotations

import numpy as np

from paiaa_jax.personalization import left_out, posterior
from paiaa_jax.personalization.given import Given, as_given, check
from paiaa_jax.personalization.posterior import Photographs, TastePrior
from paiaa_jax.personalization.profile import Profile
from paiaa_jax.types import Array


def learn_profile(
  rated: Photographs,
  ratings: Array | Given,
  *,
  model_id: str,
  aux_names: tuple[str, ...],
  scale: tuple[float, float],
  rating_scale: tuple[float, float] = (1.0, 5.0),
  prior: TastePrior | None = None,
  groups: Array | tuple[()] | None = None,
) -> Profile:
  """The posterior of personalization.posterior, and what it is worth on photographs left out.

  Args:
    rated: what the model says of the n photographs, in its points.
    ratings: [n] on `rating_scale`, mapped linearly to `scale`; with rejections and choices: Given.
    model_id: of the model.
    aux_names: [k] of its outputs.
    scale: (lowest, highest) score of the model.
    rating_scale: (lowest, highest) possible rating.
    prior: what other users tell of this one; None: that little is known.
    groups: [n] bursts or folders, left out together; None: each photograph alone; (): none is left
      out, which saves most of the time, and what the profile is worth is not known.

  Raises:
    UserError: fewer than three ratings, rejections and choices, or a rating that is not finite or
      out of range.

  Example:
    >>> facts = dict(model_id="m", aux_names=("o", "c", "e", "a", "n"), scale=(0.0, 6.0))
    >>> rated = pz.Photographs(generic, outputs, np.zeros((60, 0)))
    >>> me = pz.learn_profile(rated, ratings[0], rating_scale=(0.0, 6.0), **facts)
    >>> len(me.weights), me.worth.verdict
    (5, 'better')
  """
  given = as_given(ratings)
  check(given, rated, rating_scale)
  told = given.told(rating_scale, scale)
  prior = prior or posterior.broad_prior(scale, len(aux_names))
  prior = posterior.with_width(prior, rated)
  groups = np.arange(len(told.points)) if groups is None else np.asarray(groups)
  found = posterior.weigh(prior, rated, told)
  worth = left_out.NOT_JUDGED
  if len(groups):
    worth = left_out.judge(prior, rated, told, groups, found=found)
  return Profile(
    model_id=model_id,
    aux_names=tuple(aux_names),
    scale=(float(scale[0]), float(scale[1])),
    rating_scale=(float(rating_scale[0]), float(rating_scale[1])),
    given=given,
    posterior=posterior.mix(prior, rated, found),
    worth=worth,
  )
