"""Joint regression and ranking on a user's shots, on top of the generic score.

The paper's (Park, Hong, Baek, Han, "Personalized image aesthetic quality assessment by joint
regression and ranking", WACV 2017), as Li, Zhu et al. cite it: a regression model and a ranking
model, both support vector machines, used jointly to learn what people and one user like.

Ours, who had that sentence and not the paper: one weight vector under the sum of both losses,
squared error and the logistic loss of every pair that the user rated differently, smooth where a
support vector machine has hinges; both weigh 1. The regression is
of the user's own ratings, the generic score is where it starts. Features are the principal
components of our pooled features; the strength of the penalty is chosen for the regression alone,
by leave-one-out on the shots, from a grid that includes infinity (the generic score).
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from paiaa_jax.personalization import linear
from paiaa_jax.personalization.penalties import GRID
from studies.baselines import kernel_ridge, ranking
from studies.baselines.inputs import Photos, Shots, shots_of


def regression_ranking(photos: Photos, shots: Shots) -> np.ndarray:
  """Squared error and pairwise logistic loss, weighed alike."""
  return fit_everybody(photos, shots, regression=1.0, pairs=1.0)


def fit_everybody(photos: Photos, shots: Shots, *, regression: float, pairs: float) -> np.ndarray:
  """Scores [u, n, s] by `ranking` on the components; its two losses weigh as given."""
  scores = []
  for photo, place, rating in zip(shots.row, shots.place, shots.rating, strict=True):
    x, generic = photos.images.coordinates[photo], photos.images.generic[photo]
    own = shots_of(x, place).astype(np.float64)
    target = (rating - generic[place]).T
    strength = kernel_ridge.fit(own @ own.transpose(0, 2, 1), target, GRID).strength
    arrays = (x, generic, rating, strength)
    x, generic, rating, strength = (jnp.asarray(a, jnp.float32) for a in arrays)
    scores.append(
      ranking.score_user(
        linear.design(x), generic, place, rating, strength, regression=regression, ranking=pairs
      )
    )
  return np.stack(scores)
