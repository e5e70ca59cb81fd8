"""A library under a person's profile: scores, percentiles, stars, and what a score is made of."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from paiaa_jax.distribution import mean_score
from paiaa_jax.errors import UserError
from paiaa_jax.models import vector
from paiaa_jax.models.weights.model_folder import ModelFolder
from paiaa_jax.personalization.profile import Profile
from paiaa_jax.photos.library import Library
from paiaa_jax.photos.ratings import Ratings
from paiaa_jax.types import Array


class Parts(NamedTuple):
  """What a personal score is made of; its sum, exactly.

  Attributes:
    generic: score of people in general.
    traits: (name, trait in [-1, 1], what it adds) of each.
    intercept: what is added to every photograph.
  """

  generic: float
  traits: list[tuple[str, float, float]]
  intercept: float

  @property
  def personal(self) -> float:
    """The personal score, in points."""
    return self.generic + sum(added for _, _, added in self.traits) + self.intercept


def generic_scores(vectors: Array, model: ModelFolder) -> np.ndarray:
  """vectors [..., b + k] -> mean of each distribution [...] (Eq. 3)."""
  return mean_score(vector.distribution_of(vectors, model), model.score_values)


def personal_scores(vectors: Array, model: ModelFolder, profile: Profile) -> np.ndarray:
  """Personal scores [n] of vectors [n, b + k]: one product with [scores of buckets; weights]."""
  check_profile(profile, model)
  mixing = vector.mixing(model, profile.weights)
  return np.asarray(vectors) @ mixing + np.float32(profile.intercept)


def parts_of(row: Array, model: ModelFolder, profile: Profile) -> Parts:
  """Takes one photograph's score [b + k] apart."""
  check_profile(profile, model)
  row = np.asarray(row, np.float64)
  traits = vector.outputs_of(row, model)
  weighted = zip(model.aux_names, traits, profile.weights, strict=True)
  return Parts(
    float(generic_scores(row, model)),
    [(name, float(trait), float(trait * weight)) for name, trait, weight in weighted],
    profile.intercept,
  )


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

  Raises:
    UserError: a rated photograph that cannot be scored, or too few of them.
  """
  # here, because scipy.stats takes a while, and ranking does without
  from paiaa_jax.personalization.learn import learn_profile

  rating_of = dict(zip(ratings.paths, ratings.values, strict=True))
  scored = library.scored()
  model = library.model
  return learn_profile(
    generic_scores(scored.vectors, model),
    vector.outputs_of(scored.vectors, model),
    np.asarray([rating_of[path] for path in scored.paths]),
    model_id=model.model_id,
    aux_names=model.aux_names,
    scale=(model.score_values[0], model.score_values[-1]),
    rating_scale=ratings.scale,
  )


def check_profile(profile: Profile, model: ModelFolder) -> None:
  """UserError unless the profile was learnt under this model."""
  if profile.model_id != model.model_id:
    raise UserError(
      f"this profile was learnt with model {profile.model_id}, not {model.model_id}; give that "
      "model with --model, or learn it anew with `paiaa personalize`."
    )
