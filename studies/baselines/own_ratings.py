"""A user's own ratings on pooled features and nothing else: no generic score, no other users.

Ours, after nobody's paper: what a user's k ratings tell by themselves. Ridge regression with an
intercept, its strength chosen by leave-one-out on the shots; and support vector regression with
scikit-learn's defaults.
"""

from __future__ import annotations

import numpy as np

from paiaa_jax.personalization.penalties import GRID
from studies.baselines import kernel_ridge, support_vectors
from studies.baselines.inputs import Photos, Shots, shots_of

STRENGTHS = GRID[:-1]  # an infinite one would rank nothing


def ridge(photos: Photos, shots: Shots) -> np.ndarray:
  """Ridge regression of the rating on the features."""
  scores = []
  for photo, place, rating in zip(shots.row, shots.place, shots.rating, strict=True):
    rows = photos.features[photo].astype(np.float64)
    to_shots = shots_of(rows @ rows.T, place)  # [s, k, n]
    kernel = np.take_along_axis(to_shots, place.T[:, None, :], axis=2)
    fitted = kernel_ridge.fit(kernel, rating.T, STRENGTHS)
    scores.append(np.einsum("skn,sk->ns", to_shots, fitted.dual) + fitted.intercept)
  return np.stack(scores)


def support_vector(photos: Photos, shots: Shots) -> np.ndarray:
  """Support vector regression of the rating on the features."""
  rows = zip(shots.row, shots.place, shots.rating, strict=True)
  return np.stack(
    [support_vectors.fit_predict(photos.features[p], place, rating) for p, place, rating in rows]
  )
