"""What a log of actions tells of photographs, as what taste is learnt from."""

from __future__ import annotations

import numpy as np

from paiaa_jax.personalization.given import Given
from paiaa_jax.personalization.likelihood import Choice
from paiaa_jax.web.marks import REJECTED, Marks


def given_of(marks: Marks) -> tuple[list[bytes], Given]:
  """Digests [n] of what was rated, rejected or compared, and what was told of them.

  Rated and rejected ones come first, as last told; the page and `paiaa personalize` learn from the
  same rows in the same order, and so to the same digits.
  """
  compared = (digest for one in marks.comparisons.values() for digest in one.photographs)
  place = {digest: row for row, digest in enumerate(dict.fromkeys([*marks.ratings, *compared]))}
  values = np.full(len(place), np.nan)
  values[: len(marks.ratings)] = [rating.value for rating in marks.ratings.values()]
  rejected = values == REJECTED
  choices = tuple(
    Choice(tuple(place[digest] for digest in one.photographs), one.takes)
    for one in marks.comparisons.values()
  )
  return list(place), Given(np.where(rejected, np.nan, values), rejected, choices)
