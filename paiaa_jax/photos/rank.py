"""A library in the order of one person's taste, as rows; which photographs to rate next."""

from __future__ import annotations

import numpy as np

from paiaa_jax.models import vector
from paiaa_jax.personalization.active import choose_next
from paiaa_jax.personalization.profile import Profile
from paiaa_jax.photos import bursts, personal
from paiaa_jax.photos.library import Library
from paiaa_jax.photos.names import cell
from paiaa_jax.photos.table import Row

COLUMNS = (
  *("path", "aesthetic_score", "personal_score", "personal_low", "personal_high", "percentile"),
  *("burst", "burst_place", "model_id"),
)


def rank(library: Library, profile: Profile, within_bursts: bool = False) -> list[Row]:
  """Rows of COLUMNS, best first.

  Args:
    library: the photographs; bad files are named on stderr and left out.
    profile: whose taste.
    within_bursts: the best of each burst come first, then the other takes.

  Raises:
    UserError: a profile of another model, or no photograph at all.
  """
  personal.check_profile(profile, library.model)
  scored = library.scored()
  scores = personal.personal_scores(scored.vectors, library.model, profile)
  half = profile.half_width(vector.outputs_of(scored.vectors, library.model))
  burst = bursts.group_bursts(scored.keys["taken"], scored.keys["look"])
  place = bursts.places(burst, scores)
  columns = (
    map(cell, scored.paths),
    personal.generic_scores(scored.vectors, library.model).tolist(),
    scores.tolist(),
    (scores - half).tolist(),
    (scores + half).tolist(),
    personal.percentiles(scores).tolist(),
    burst.tolist(),
    place.tolist(),
    [library.model.model_id] * len(scores),
  )
  rows = [dict(zip(COLUMNS, row, strict=True)) for row in zip(*columns, strict=True)]
  order = np.lexsort((-scores, place > 1)) if within_bursts else np.argsort(-scores, kind="stable")
  return [rows[i] for i in order]


def suggest(library: Library, rated: set[str], count: int) -> list[str]:
  """Paths of photographs whose ratings would tell most about a person, the most telling first.

  Args:
    library: to choose from.
    rated: resolved paths rated already.
    count: how many.
  """
  scored = library.scored()
  traits = vector.outputs_of(scored.vectors, library.model)
  done = np.asarray([str(path.resolve()) in rated for path in scored.paths], bool)
  return [str(scored.paths[i]) for i in choose_next(traits, done, count)]
