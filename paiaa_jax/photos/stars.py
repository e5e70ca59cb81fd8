"""Predicted stars for a library, beside what its sidecars say; written only when asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from paiaa_jax.errors import UserError
from paiaa_jax.files import remove_dead_drafts
from paiaa_jax.personalization.profile import Profile
from paiaa_jax.photos import personal, xmp
from paiaa_jax.photos.library import Library
from paiaa_jax.photos.sidecars import Listings

WRITE = "write"


class Plan(NamedTuple):
  """What is to happen to one photograph's sidecar.

  Attributes:
    path: the photograph.
    stars: 1..5 predicted; of a photograph with a person's rating, that.
    what: WRITE, "keep" (a person's rating, or the same stars predicted before), or why not.
  """

  path: Path
  stars: float
  what: str


def plan(library: Library, profile: Profile) -> list[Plan]:
  """Stars of every photograph by the person's own shares of one to five stars.

  Raises:
    UserError: a profile of another model, or no photograph at all.
  """
  scored = library.scored()
  profile = personal.for_model(profile, library, scored)
  found = personal.photographs_of(scored.vectors, scored.coordinates, library.taste_model)
  scores = profile.score(found)
  stars = personal.predict_stars(scores, profile)
  return plan_of(scored.paths, stars.tolist())


def plan_of(paths: Sequence[Path], stars: Sequence[int]) -> list[Plan]:
  """What is to happen to the sidecars of these photographs, for which these stars are predicted."""
  listings = Listings()
  return [_plan(path, int(star), listings) for path, star in zip(paths, stars, strict=True)]


def write(plans: list[Plan]) -> list[Plan]:
  """Writes what is to be written; a sidecar that refuses is told in its plan, never a stop."""
  for folder in {one.path.parent for one in plans}:
    remove_dead_drafts(folder)  # of a run that was killed
  done, listings = [], Listings()
  for one in plans:
    if one.what == WRITE:
      try:
        xmp.write_predicted(one.path, int(one.stars), listings)
        one = one._replace(what="written")
      except UserError as error:
        one = one._replace(what=str(error))
    done.append(one)
  return done


def _plan(path: Path, stars: int, listings: Listings) -> Plan:
  try:
    rating = xmp.read_rating(path, listings)
    shared = xmp.shares(path, listings)
  except UserError as error:
    return Plan(path, stars, str(error))
  if (human := rating.human) is not None:
    by = "darktable's initial star, or yours" if rating.perhaps_initial else "rated by hand"
    return Plan(path, int(human) if human == int(human) else human, f"keep: {by}")
  if shared:
    return Plan(path, stars, shared)  # one sidecar holds the stars of one photograph
  return Plan(path, stars, "keep: same stars" if rating.predicted == stars else WRITE)
