"""Ridge regression in its dual form, the strength chosen by leave-one-out; all splits at once.

The kernel is centred over the shots, so that the intercept has no penalty.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Fit(NamedTuple):
  """Predicts kernel [n, k] @ dual + intercept.

  Attributes:
    dual: [s, k], sums to 0.
    intercept: [s].
    strength: [s], the one chosen.
  """

  dual: np.ndarray
  intercept: np.ndarray
  strength: np.ndarray


def fit(kernel: np.ndarray, target: np.ndarray, strengths: Sequence[float]) -> Fit:
  """Least squared error plus strength * |w|^2, w the weights in the kernel's feature space.

  A shot of leverage h and residual e has the residual e / (1 - h) when it is left out.

  Args:
    kernel: [s, k, k], inner products of the shots.
    target: [s, k].
    strengths: to choose from, above 0; infinity leaves the mean.
  """
  k = target.shape[1]
  level = kernel.mean(axis=1, keepdims=True)  # [s, 1, k]
  centred = kernel - level - level.transpose(0, 2, 1) + level.mean(axis=2, keepdims=True)
  mean = target.mean(axis=1, keepdims=True)
  values, basis = np.linalg.eigh(centred)
  values = np.maximum(values, 0)
  rotated = np.einsum("ski,sk->si", basis, target - mean)
  best = np.full(len(kernel), np.inf)
  dual, chosen = np.zeros_like(target), np.full(len(kernel), np.nan)
  for strength in strengths:
    shrunk = 1 / (values + strength)  # [s, i]
    coefficients = np.einsum("ski,si->sk", basis, shrunk * rotated)
    leverage = 1 / k + np.einsum("ski,si->sk", np.square(basis), shrunk * values)
    fitted = np.einsum("skj,sj->sk", centred, coefficients)
    error = np.square((target - mean - fitted) / np.maximum(1 - leverage, 1e-9)).mean(axis=1)
    better = error < best
    best = np.where(better, error, best)
    dual = np.where(better[:, None], coefficients, dual)
    chosen = np.where(better, strength, chosen)
  dual -= dual.mean(axis=1, keepdims=True)
  intercept = mean[:, 0] - np.einsum("sj,sj->s", level[:, 0], dual)
  return Fit(dual, intercept, chosen)
