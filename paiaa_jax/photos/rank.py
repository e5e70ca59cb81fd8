"""A library in the order of one person's taste, as rows; which photographs to rate next."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from paiaa_jax.models.weights.model_folder import ModelFolder
from paiaa_jax.personalization.active import choose_next
from paiaa_jax.personalization.posterior import Photographs
from paiaa_jax.personalization.profile import Profile
from paiaa_jax.photos import bursts, personal, prior_file
from paiaa_jax.photos.library import Library, Scored
from paiaa_jax.photos.names import cell
from paiaa_jax.photos.table import Row

COLUMNS = (
  *("path", "aesthetic_score", "personal_score", "personal_low", "personal_high", "percentile"),
  *("burst", "burst_place", "model_id"),
)


class Ranking(NamedTuple):
  """A library in order.

  Attributes:
    rows: of COLUMNS, best first: as many as were asked for.
    bursts: [n] of all photographs, in that order.
    photographs: what the model says of all of them, in that order.
    profile: under the library's model.
  """

  rows: list[Row]
  bursts: np.ndarray
  photographs: Photographs
  profile: Profile


def rank(library: Library, profile: Profile, within_bursts: bool = False, top: int = 0) -> Ranking:
  """Personal scores, with the interval that holds a new rating nine times in ten.

  Args:
    library: the photographs; bad files are named on stderr and left out.
    profile: whose taste; learnt anew from its ratings where the library's model is another.
    within_bursts: the best of each burst come first, then the other takes.
    top: how many rows are made; 0: all.

  Raises:
    UserError: a profile of another model and of other photographs, or no photograph at all.
  """
  scored = library.scored()
  profile = personal.for_model(profile, library, scored)
  return rank_scored(scored, library.taste_model, profile, within_bursts, top)


def rank_scored(
  scored: Scored,
  model: ModelFolder,
  profile: Profile,
  within_bursts: bool = False,
  top: int = 0,
) -> Ranking:
  """The same of photographs that are scored, under a profile of their model."""
  photographs = personal.photographs_of(scored.vectors, scored.coordinates, model)
  scores, half = profile.new_ratings(photographs)
  burst = bursts.group_bursts(scored.keys["taken"], scored.keys["look"])
  place = bursts.places(burst, scores)
  order = np.lexsort((-scores, place > 1)) if within_bursts else np.argsort(-scores, kind="stable")
  best = order[: top or None]
  numbers = (photographs.generic, scores, scores - half, scores + half)
  numbers += (personal.percentiles(scores), burst, place)
  columns = (
    [cell(scored.paths[i]) for i in best.tolist()],
    *(column[best].tolist() for column in numbers),
    [model.model_id] * len(best),
  )
  rows = [dict(zip(COLUMNS, row, strict=True)) for row in zip(*columns, strict=True)]
  return Ranking(rows, burst[order], photographs.take(order), profile)


def suggest(library: Library, rated: set[str], count: int) -> list[str]:
  """Paths of photographs whose ratings would tell most about a person, the most telling first.

  Args:
    library: to choose from; of each burst at most one photograph is chosen.
    rated: resolved paths rated already.
    count: how many.
  """
  scored, model = library.scored(), library.taste_model
  done = np.asarray([str(path.resolve()) in rated for path in scored.paths], bool)
  chosen = choose_next(
    personal.photographs_of(scored.vectors, scored.coordinates, model),
    done,
    count,
    prior=prior_file.of_model_or_broad(model),
    bursts=bursts.group_bursts(scored.keys["taken"], scored.keys["look"]),
  )
  return [str(scored.paths[i]) for i in chosen]
