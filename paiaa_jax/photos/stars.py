"""Predicted stars for a library, beside what its sidecars say; written only when asked."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from paiaa_jax.errors import UserError
from paiaa_jax.personalization.profile import Profile
from paiaa_jax.photos import personal, xmp
from paiaa_jax.photos.library import Library


class Plan(NamedTuple):
  """What is to happen to one photograph's sidecar.

  Attributes:
    path: the photograph.
    stars: 1..5 predicted; of a photograph with a human's rating, that.
    what: "write", "keep" (a human's rating, or the same stars predicted before), or why not.
  """

  path: Path
  stars: int
  what: str


def plan(library: Library, profile: Profile) -> list[Plan]:
  """Stars of every photograph by the person's own shares of one to five stars.

  Raises:
    UserError: a profile of another model, or no photograph at all.
  """
  personal.check_profile(profile, library.model)
  scored = library.scored()
  scores = personal.personal_scores(scored.vectors, library.model, profile)
  stars = personal.predict_stars(scores, profile)
  shared = xmp.sharing(scored.paths)
  pairs = zip(scored.paths, stars, strict=True)
  return [_plan(path, int(star), shared.get(path)) for path, star in pairs]


def write(plans: list[Plan]) -> list[Plan]:
  """Writes what is to be written; a sidecar that refuses is told in its plan, never a stop."""
  done = []
  for one in plans:
    if one.what == "write":
      try:
        xmp.write_predicted(one.path, one.stars)
        one = one._replace(what="written")
      except UserError as error:
        one = one._replace(what=str(error))
    done.append(one)
  return done


def _plan(path: Path, stars: int, shared: str | None) -> Plan:
  try:
    rating = xmp.read_rating(path)
  except UserError as error:
    return Plan(path, stars, str(error))
  if rating.human is not None:
    return Plan(path, rating.human, "keep: rated by hand")
  if shared:
    return Plan(path, stars, shared)  # one sidecar holds the stars of one photograph
  return Plan(path, stars, "keep: same stars" if rating.predicted == stars else "write")
