"""A library under a person's profile: scores, percentiles, stars, and what a score is made of."""

from __future__ import annotations

import dataclasses
import sys
from typing import NamedTuple

import numpy as np

from paiaa_jax.distribution import mean_score
from paiaa_jax.errors import UserError
from paiaa_jax.models import vector
from paiaa_jax.models.weights.model_folder import ModelFolder
from paiaa_jax.personalization.given import FEWEST, Given
from paiaa_jax.personalization.learn import learn_profile
from paiaa_jax.personalization.posterior import Photographs, in_points
from paiaa_jax.personalization.profile import Profile
from paiaa_jax.photos import bursts, prior_file
from paiaa_jax.photos.library import Library, Scored
from paiaa_jax.photos.ratings import Ratings
from paiaa_jax.photos.star_values import REJECTED
from paiaa_jax.types import Array

SEVERAL = 5  # folders, below which each photograph is left out alone


def generic_scores(vectors: Array, model: ModelFolder) -> np.ndarray:
  """vectors [..., b + k] -> mean of each distribution [...] (Eq. 3)."""
  return mean_score(vector.distribution_of(vectors, model), model.score_values)


def photographs_of(vectors: np.ndarray, coordinates: np.ndarray, model: ModelFolder) -> Photographs:
  """Vectors [n, b + k] and coordinates [n, m] as what taste is learnt from."""
  outputs = vector.outputs_of(vectors, model)
  return Photographs(generic_scores(vectors, model), outputs, coordinates)


def percentiles(scores: Array) -> np.ndarray:
  """Percentage of the library [n] that each score is at least as good as; equals share one."""
  scores = np.asarray(scores)
  return 100 * np.searchsorted(np.sort(scores), scores, side="right") / len(scores)


def predict_stars(scores: Array, profile: Profile) -> np.ndarray:
  """Stars 1..5 [n]: the library gets each as often as the person gave it in their ratings."""
  place = np.argsort(np.argsort(-np.asarray(scores), kind="stable"), kind="stable")
  quantile = 1 - (place + 0.5) / len(place)
  upper = np.cumsum(profile.stars) / sum(profile.stars)
  return 1 + np.searchsorted(upper[:-1], quantile, side="left")


def learn(library: Library, ratings: Ratings) -> Profile:
  """The profile of whoever gave these ratings; `library` is of the rated photographs.

  A rejected photograph is known to be worth the lowest rating at most.

  Raises:
    UserError: a rated photograph that cannot be scored, or too few of them.
  """
  values = np.asarray(ratings.values, np.float64)
  rejected = values == REJECTED
  given = Given(np.where(rejected, np.nan, values), rejected, ratings.choices)
  scored, row_of = library.scored(), {path: row for row, path in enumerate(ratings.paths)}
  rows = np.asarray([row_of[path] for path in scored.paths])
  start = ratings.start and check_model(ratings.start, library.taste_model)
  return learn_scored(scored, given.take(rows), library.taste_model, ratings.scale, start=start)


def learn_from(
  photographs: Photographs,
  given: np.ndarray | Given,
  model: ModelFolder,
  rating_scale: tuple[float, float],
  groups: np.ndarray | tuple[()] | None = None,
) -> Profile:
  """The profile from what was told of n photographs, ratings [n] or more; see `learn_profile`."""
  return learn_profile(
    photographs,
    given,
    model_id=model.model_id,
    aux_names=model.aux_names,
    scale=(model.score_values[0], model.score_values[-1]),
    rating_scale=rating_scale,
    prior=prior_file.of_model(model),
    groups=groups,
  )


def check_model(profile: Profile, model: ModelFolder) -> Profile:
  """The profile; UserError unless it was learnt under this model."""
  if profile.model_id != model.model_id:
    raise UserError(
      f"this profile was learnt with model {profile.model_id}, not {model.model_id}; give that "
      "model with --model, vectors that it was learnt on with --features, or learn it anew with "
      "`paiaa personalize`."
    )
  return profile


def for_model(profile: Profile, library: Library, scored: Scored) -> Profile:
  """The profile under the library's model: learnt anew from its ratings where that is another.

  Raises:
    UserError: too few of the rated photographs are in the library.
  """
  model = library.taste_model
  if profile.model_id == model.model_id:
    return profile
  place = {digest: row for row, digest in enumerate(_digests(scored))}
  known = [i for i, digest in enumerate(profile.digests) if digest in place]
  given = profile.given.take(np.asarray(known, int))
  if sum(given.amounts) < FEWEST:
    raise UserError(
      f"this profile was learnt with model {profile.model_id}, not {model.model_id}, and "
      f"{len(known)} of its {len(profile.given.ratings)} photographs are among these: give that "
      "model with --model, vectors that it was learnt on with --features, or learn it anew with "
      "`paiaa personalize`."
    )
  print(
    f"the profile was learnt with another model; learnt anew from {given} of its {profile.given}",
    file=sys.stderr,
  )
  rows = [place[profile.digests[i]] for i in known]
  return learn_scored(scored.take(rows), given, model, profile.rating_scale)


def learn_scored(
  scored: Scored,
  given: Given,
  model: ModelFolder,
  rating_scale: tuple[float, float],
  judged: bool = True,
  start: Profile | None = None,
) -> Profile:
  """The profile from what was told of these photographs, with their digests.

  judged: whether it is measured what the profile is worth, which takes most of the time. start: a
  profile under the same model that is learnt on from.
  """
  known = known_of(scored, given, model, rating_scale, start)
  groups = known.groups if judged else ()
  profile = learn_from(known.photographs, known.given, model, rating_scale, groups)
  return dataclasses.replace(profile, digests=known.digests)


class Known(NamedTuple):
  """What is learnt from: n photographs, what was told of them, groups [n] and digests [n]."""

  photographs: Photographs
  given: Given
  groups: np.ndarray
  digests: tuple[str, ...]


def known_of(
  scored: Scored,
  given: Given,
  model: ModelFolder,
  rating_scale: tuple[float, float],
  start: Profile | None = None,
) -> Known:
  """These photographs, and behind them those of `start` that are not among them."""
  photographs = photographs_of(scored.vectors, scored.coordinates, model)
  own = Known(photographs, given, groups_of(scored), tuple(_digests(scored)))
  if start is None:
    return own
  new = [row for row, digest in enumerate(start.digests) if digest not in own.digests]
  rows = np.asarray(new, int)
  former, more = start.posterior.rated.take(rows), start.given.take(rows)
  n = len(own.digests)
  choices = (one._replace(rows=tuple(n + row for row in one.rows)) for one in more.choices)
  ratings = in_points(more.ratings, start.rating_scale, rating_scale)
  told = Given(
    np.concatenate([given.ratings, ratings]),
    np.concatenate([given.rejected, more.rejected]),
    (*given.choices, *choices),
  )
  groups = np.concatenate([own.groups, np.max(own.groups, initial=-1) + 1 + np.arange(len(rows))])
  both = (np.concatenate(pair) for pair in zip(photographs, former, strict=True))
  digests = (*own.digests, *(start.digests[row] for row in rows))
  return Known(Photographs(*both), told, groups, digests)


def groups_of(scored: Scored) -> np.ndarray:
  """[n] what is left out together: bursts; where there are none, folders, if there are several."""
  burst = bursts.group_bursts(scored.keys["taken"], scored.keys["look"])
  if len(np.unique(burst)) < len(burst):
    return burst
  folders, number = np.unique([str(path.parent) for path in scored.paths], return_inverse=True)
  return number if len(folders) >= SEVERAL else burst


def _digests(scored: Scored) -> list[str]:
  """[n] hex, of each file's content."""
  return [key.tobytes().hex() for key in scored.keys["digest"]]
