"""Whether a user's own score is better than the general one: judged now and then, never watched.

At 10, 20, 40, ... ratings, on photographs that no score chose: those of the part that is set aside
and those shown by the order `random`. Each is scored by a refit without its burst and all that was
told of that. What was judged once stays as it is while more ratings come.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from paiaa_jax.personalization import left_out, posterior
from paiaa_jax.personalization.left_out import Worth
from paiaa_jax.photos import personal, prior_file
from paiaa_jax.photos.ratings import STARS
from paiaa_jax.web.collection import Collection
from paiaa_jax.web.given import given_of
from paiaa_jax.web.marks import Marks
from paiaa_jax.web.orders import BLIND, is_judge
from paiaa_jax.web.view import told

FIRST = 10  # ratings when it is first judged; twice as many each time after


class Judgement(NamedTuple):
  """What was found when there were so many ratings."""

  ratings: int
  worth: Worth


class Verdict:
  """The judgements of one collection and session."""

  def __init__(self, collection: Collection, seed: int, share: float):
    self._collection, self._seed, self._share = collection, seed, share
    self._known: dict[tuple, Worth] = {}

  def judgements(self, marks: Marks) -> list[Judgement]:
    """At each number of ratings that was reached, the first one first."""
    found, known = [], {}
    for count, then in _milestones(marks):
      digests, given = given_of(then)
      numbers = tuple(self._collection.scored_number(digest) for digest in digests)
      key = (numbers, given.ratings.tobytes(), given.rejected.tobytes(), given.choices)
      known[key] = self._known.get(key) or self._judge(then)
      found.append(Judgement(count, known[key]))
    self._known = known
    return found

  def _judge(self, marks: Marks) -> Worth:
    collection = self._collection
    numbers, given = told(collection, marks)
    scored, model = collection.take(numbers), collection.model
    known = personal.known_of(scored, given, model, STARS, collection.start)
    prior = posterior.with_width(prior_file.of_model_or_broad(model), known.photographs)
    scale = model.score_values[0], model.score_values[-1]
    judges = np.zeros(len(known.digests), bool)
    judges[: len(numbers)] = [self._is_judge(number, marks) for number in numbers]
    told_ = known.given.told(STARS, scale)
    return left_out.judge(prior, known.photographs, told_, known.groups, judges)

  def _is_judge(self, number: int, marks: Marks) -> bool:
    """Whether a photograph was rated, and no score chose it."""
    digest = self._collection.digest(number)
    rating = marks.ratings.get(digest)
    if rating is None or rating.shown not in BLIND:
      return False
    return rating.shown == "random" or is_judge(digest, self._seed, self._share)


def _milestones(marks: Marks) -> list[tuple[int, Marks]]:
  """10, 20, 40, ... and what was true when there were first so many ratings."""
  found, count = [], FIRST
  while len(marks.ratings) >= count:
    found.append((count, marks.when(count)))
    count *= 2
  return found
