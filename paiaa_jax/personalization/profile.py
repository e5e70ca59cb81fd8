"""A user's taste as it was learnt: their ratings, the posterior, and what both are worth.

Numpy alone, so that a library's scores are there before jax would be imported.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np
from scipy import special

from paiaa_jax.personalization.given import Given
from paiaa_jax.personalization.left_out import Worth
from paiaa_jax.personalization.posterior import Photographs, Posterior
from paiaa_jax.types import Array

STARS = 5
DRAWS = 400  # of the scores of a library, for intervals of the rank
TOGETHER = 1500  # photographs whose scores are drawn together with those that are asked about
AT_ONCE = 250  # that are asked about


class Parts(NamedTuple):
  """What the scores of n photographs are made of; their sum, exactly, in points.

  Attributes:
    generic: [n] scores of people in general.
    following: [n] what weighing those other than by one adds.
    outputs: [n, k] each auxiliary output times its weight.
    taste: [n, r] what likeness to each of the r photographs that something was told of adds.
    level: what is added to every photograph.
  """

  generic: np.ndarray
  following: np.ndarray
  outputs: np.ndarray
  taste: np.ndarray
  level: float

  @property
  def personal(self) -> np.ndarray:
    """[n], the sum."""
    return (
      self.generic + self.following + self.outputs.sum(axis=1) + self.taste.sum(axis=1) + self.level
    )


@dataclasses.dataclass(frozen=True)
class Profile:
  """What was learnt of one user under one model.

  Attributes:
    model_id: of the model that described the rated photographs.
    aux_names: [k] names of the auxiliary outputs.
    scale: (lowest, highest) score of the model.
    rating_scale: (lowest, highest) rating the user could give.
    given: what was told of r photographs.
    posterior: scores of any photographs, given that.
    worth: how photographs that were left out are ranked.
    digests: [r] hex digests of those files' content; empty where they are not known.

  Example:
    >>> facts = dict(model_id="m", aux_names=("o", "c", "e", "a", "n"), scale=(0.0, 6.0))
    >>> rated = pz.Photographs(generic, outputs, np.zeros((60, 0)))
    >>> me = pz.learn_profile(rated, ratings[0], rating_scale=(0.0, 6.0), **facts)
    >>> me.score(rated).shape, me.half_width(rated, level=0.9).shape
    ((60,), (60,))
  """

  model_id: str
  aux_names: tuple[str, ...]
  scale: tuple[float, float]
  rating_scale: tuple[float, float]
  given: Given
  posterior: Posterior
  worth: Worth
  digests: tuple[str, ...] = ()

  @property
  def better(self) -> bool:
    """Whether the personal score ranks left-out photographs clearly better than the generic one."""
    return self.worth.verdict == "better"

  @property
  def stars(self) -> np.ndarray:
    """[5] how many ratings fell nearest to each of 1..5 stars; a rejection counts as the lowest."""
    low, high = self.rating_scale
    told = np.where(self.given.rejected, low, self.given.ratings)
    unit = (told[np.isfinite(told)] - low) / (high - low)
    return np.bincount(np.rint(unit * (STARS - 1)).astype(int), minlength=STARS)

  @property
  def weights(self) -> np.ndarray:
    """[k] points of score for each unit of an output."""
    own, rated = self.posterior.weights[2:], self.posterior.rated
    if np.shape(rated.coordinates)[1]:
      return own
    centred = np.asarray(rated.outputs, np.float64) - self.posterior.prior.centre[1:]
    return own + self.posterior.dual @ centred

  def score(self, photographs: Photographs) -> np.ndarray:
    """[n] personal scores, in the model's points."""
    return self.posterior.score(photographs)

  def half_width(self, photographs: Photographs, level: float = 0.9) -> np.ndarray:
    """Half the interval [n] that holds the score itself with probability `level`, in points."""
    return special.ndtri((1 + level) / 2) * np.sqrt(self.posterior.variance(photographs))

  def new_ratings(
    self, photographs: Photographs, level: float = 0.9
  ) -> tuple[np.ndarray, np.ndarray]:
    """[n] personal scores and [n] half widths, in points: between score - half and score + half
    lies a single new rating with probability `level`."""
    scores, variance = self.posterior.score_and_variance(photographs)
    deviation = np.sqrt(variance + self.posterior.noise_variance)
    return scores, special.ndtri((1 + level) / 2) * deviation

  def rank_intervals(
    self, photographs: Photographs, shown: Array, level: float = 0.9
  ) -> np.ndarray:
    """[len(shown), 2] ranks, from 1, that hold each photograph's own with probability `level`.

    Scores are drawn from the posterior, all together; of a library of more than `TOGETHER`, an even
    part of it stands for the rest.
    """
    shown, n = np.asarray(shown, int), len(photographs.generic)
    ends = [
      self._rank_ends(photographs, shown[start : start + AT_ONCE], level)
      for start in range(0, len(shown), AT_ONCE)
    ]
    return np.clip(np.rint(np.concatenate([np.zeros((0, 2)), *ends])), 1, n).astype(int)

  def _rank_ends(self, photographs: Photographs, shown: np.ndarray, level: float) -> np.ndarray:
    rest = np.setdiff1d(np.arange(len(photographs.generic)), shown)
    asked = rest[np.linspace(0, len(rest) - 1, min(len(rest), TOGETHER)).astype(int)]
    chosen = photographs.take(np.concatenate([shown, asked]))
    values, vectors = np.linalg.eigh(self.posterior.covariance(chosen))
    root = vectors * np.sqrt(np.maximum(values, 0))
    normal = np.random.default_rng(0).normal(size=(len(values), DRAWS))
    scores = self.score(chosen)[:, None] + root @ normal
    each = len(rest) / max(len(asked), 1)  # photographs that one of the asked stands for
    weight = np.repeat([1.0, each], [len(shown), len(asked)])
    ranks = np.array([1 + weight @ (scores > own) for own in scores[: len(shown)]])
    return np.quantile(ranks, ((1 - level) / 2, (1 + level) / 2), axis=1).T

  def parts(self, photographs: Photographs) -> Parts:
    """What the scores of n photographs are made of."""
    posterior, weights = self.posterior, self.weights
    generic = np.asarray(photographs.generic, np.float64)
    outputs = np.asarray(photographs.outputs, np.float64)
    centre, slope = posterior.prior.centre, posterior.weights[1]
    taste = np.zeros((len(generic), 0))
    if np.shape(photographs.coordinates)[1]:
      taste = posterior.alike(photographs) * posterior.dual
    return Parts(
      generic=generic,
      following=(slope - 1) * (generic - centre[0]),
      outputs=outputs * weights,
      taste=taste,
      level=float(posterior.weights[0] - centre[0] - weights @ centre[1:]),
    )
