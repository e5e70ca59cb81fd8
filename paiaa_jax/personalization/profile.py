"""A user's taste: score = generic + intercept + weights . traits (Eq. 6).

Numpy alone, so that a library's scores are there before jax would be imported.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy import special

from paiaa_jax.types import Array


@dataclasses.dataclass(frozen=True)
class Profile:
  """What was learnt of one user under one model; d = k + 1, the last one the intercept.

  Attributes:
    model_id: of the model whose scores and traits the weights belong to.
    aux_names: [k] names of the traits.
    weights: [k] points of score for each unit of a trait.
    intercept: points; a kind rater's is above 0.
    covariance: [d, d] of weights and intercept.
    noise: variance of a rating about its score, in squared points.
    freedom: degrees of freedom of the noise.
    scale: (lowest, highest) score of the model.
    rating_scale: (lowest, highest) rating the user could give.
    stars: [5] how many ratings fell on each of 1..5 stars.
    num_ratings: ratings learnt from.
    srcc_personal, srcc_generic: of scores with the ratings, each photograph left out in turn; None
      where undefined.
    more_ratings: about how many more it takes until the traits help; 0 where they do.

  Example:
    >>> names, scales = ("o", "c", "e", "a", "n"), dict(scale=(0.0, 6.0), rating_scale=(0.0, 6.0))
    >>> me = pz.learn_profile(generic, outputs, ratings[0], model_id="m", aux_names=names, **scales)
    >>> me.score(generic, outputs).shape, me.half_width(outputs, level=0.9).shape
    ((60,), (60,))
  """

  model_id: str
  aux_names: tuple[str, ...]
  weights: tuple[float, ...]
  intercept: float
  covariance: tuple[tuple[float, ...], ...]
  noise: float
  freedom: float
  scale: tuple[float, float]
  rating_scale: tuple[float, float]
  stars: tuple[int, ...]
  num_ratings: int
  srcc_personal: float | None
  srcc_generic: float | None
  more_ratings: int

  @property
  def better(self) -> bool:
    """Whether the personal score ranks left-out photographs better than the generic one."""
    if self.srcc_personal is None or self.srcc_generic is None:
      return False
    return self.srcc_personal > self.srcc_generic

  def score(self, generic: Array, traits: Array) -> np.ndarray:
    """Generic scores [n] and traits [n, k] -> personal scores [n], in the model's points."""
    weights = np.asarray(self.weights, np.float32)
    return np.asarray(generic) + np.asarray(traits) @ weights + np.float32(self.intercept)

  def half_width(self, traits: Array, level: float = 0.9) -> np.ndarray:
    """Half the interval [n] that holds a rating with probability `level`, in the model's points."""
    x = np.concatenate([traits, np.ones((len(traits), 1), np.float32)], axis=1)
    spread = np.einsum("ni,ij,nj->n", x, np.asarray(self.covariance), x, optimize=True)
    return special.stdtrit(self.freedom, (1 + level) / 2) * np.sqrt(spread + self.noise)
