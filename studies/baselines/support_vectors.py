"""Support vector regression with an RBF kernel, for every user and split.

The same as `sklearn.svm.SVR()` on the rows of the shots: its defaults C = 1, epsilon = 0.1 and
gamma = 1 / (columns x variance of the shots' entries). Squared distances are computed once a
user, so a fit costs k^2 instead of k^2 f.
"""

from __future__ import annotations

import numpy as np
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.svm import SVR


def fit_predict(rows: np.ndarray, place: np.ndarray, target: np.ndarray) -> np.ndarray:
  """Fits each split's shots and predicts all of a user's photographs.

  Args:
    rows: [n, f] what the regression sees of a photograph.
    place: [k, s] which of the n are shots.
    target: [k, s] what to predict.

  Returns:
    [n, s].
  """
  rows = np.asarray(rows, np.float64)
  distance = euclidean_distances(rows, squared=True)
  mean, square = rows.mean(axis=1), np.square(rows).mean(axis=1)
  predicted = np.empty((len(rows), place.shape[1]))
  for s, shots in enumerate(place.T):
    variance = square[shots].mean() - mean[shots].mean() ** 2
    gamma = 1 / (rows.shape[1] * variance) if variance > 0 else 1.0
    kernel = np.exp(-gamma * distance[:, shots])
    machine = SVR(kernel="precomputed").fit(kernel[shots], target[:, s])
    predicted[:, s] = machine.predict(kernel)
  return predicted
