"""Joint regression and ranking on a user's shots, on top of the generic score.

The paper's (Park, Hong, Baek, Han, "Personalized image aesthetic quality assessment by joint
regression and ranking", WACV 2017), as Li, Zhu et al. cite it: a regression model and a ranking
model, both support vector machines, used jointly to learn what people and one user like.

Here, from that sentence and not the paper: one weight vector under the sum of both losses, squared
error and the logistic loss of every pair that the user rated differently, each of weight 1 (a
support vector machine has hinge losses). The weights add to the generic score. Features are the
principal components of our pooled features; the strength of the penalty is chosen for the
regression alone, by leave-one-out on the shots, from a grid that includes infinity (the generic
score).
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from paiaa_jax.personalization import linear
from paiaa_jax.personalization.penalties import GRID
from paiaa_jax.types import Array
from studies.baselines import kernel_ridge, ranking
from studies.baselines.inputs import Baseline, Photos, Shots, shots_of, user_by_user


def fit_everybody(*, regression: float, pairs: float) -> Baseline:
  """Scores by `ranking` on the components; its two losses weigh as given."""

  def score(photos: Photos, own: Shots) -> Array:
    components, generic = photos.images.coordinates[own.row], photos.images.generic[own.row]
    seen = shots_of(components, own.place).astype(np.float64)
    target = (own.rating - generic[own.place]).T
    strength = kernel_ridge.fit(seen @ seen.transpose(0, 2, 1), target, GRID).strength
    arrays = (components, generic, own.rating, strength)
    x, generic, rating, strength = (jnp.asarray(a, jnp.float32) for a in arrays)
    return ranking.score_user(
      linear.design(x), generic, own.place, rating, strength, regression=regression, ranking=pairs
    )

  return user_by_user(score)


regression_ranking = fit_everybody(regression=1.0, pairs=1.0)
