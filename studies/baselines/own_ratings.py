"""A user's own k ratings on pooled features: no generic score, no other users.

Not from a paper. Ridge regression with an intercept, its strength chosen by leave-one-out on the
shots; and support vector regression with scikit-learn's defaults.
"""

from __future__ import annotations

import numpy as np

from paiaa_jax.personalization.penalties import GRID
from studies.baselines import kernel_ridge, support_vectors
from studies.baselines.inputs import Photos, Shots, shots_of, user_by_user

STRENGTHS = GRID[:-1]  # an infinite one would rank nothing


@user_by_user
def ridge(photos: Photos, own: Shots) -> np.ndarray:
  """Ridge regression of the rating on the features."""
  rows = photos.features[own.row].astype(np.float64)
  to_shots = shots_of(rows @ rows.T, own.place)  # [s, k, n]
  kernel = np.take_along_axis(to_shots, own.place.T[:, None, :], axis=2)
  fitted = kernel_ridge.fit(kernel, own.rating.T, STRENGTHS)
  return np.einsum("skn,sk->ns", to_shots, fitted.dual) + fitted.intercept


@user_by_user
def support_vector(photos: Photos, own: Shots) -> np.ndarray:
  """Support vector regression of the rating on the features."""
  return support_vectors.fit_predict(photos.features[own.row], own.place, own.rating)
