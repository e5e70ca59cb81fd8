"""Which photographs to rate next: those whose ratings would tell most about the weights."""

from __future__ import annotations

import numpy as np

from paiaa_jax.types import Array

RIDGE = 1.0  # one imagined rating's worth of knowledge in every direction


def choose_next(traits: Array, rated: Array, count: int) -> np.ndarray:
  """Picks photographs one by one, each the D-optimal next: it shrinks the weights' ellipsoid most.

  The determinant of the Gram matrix A grows by the factor 1 + x' A^-1 x, so the next is the one of
  largest x' A^-1 x; the inverse follows each choice by Sherman and Morrison's formula.

  Args:
    traits: [n, k] auxiliary outputs.
    rated: [n] bool, those rated already: they count, and are not chosen again.
    count: how many to choose; fewer come back where fewer are left.

  Returns:
    [count] indices, the most telling first.
  """
  traits, rated = np.asarray(traits, np.float64), np.asarray(rated, bool)
  spread = traits.std(axis=0)
  x = (traits - traits.mean(axis=0)) / np.where(spread > 0, spread, 1)
  x = np.concatenate([x, np.ones((len(x), 1))], axis=1)
  inverse = np.linalg.inv(x[rated].T @ x[rated] + RIDGE * np.eye(x.shape[1]))
  free, chosen = ~rated, []
  for _ in range(min(count, int(free.sum()))):
    gain = np.einsum("ni,ij,nj->n", x, inverse, x, optimize=True)
    best = int(np.argmax(np.where(free, gain, -np.inf)))
    pull = inverse @ x[best]
    inverse -= np.outer(pull, pull) / (1 + gain[best])
    free[best] = False
    chosen.append(best)
  return np.asarray(chosen, int)
