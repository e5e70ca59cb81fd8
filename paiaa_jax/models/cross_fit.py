"""Held-out scores [n] of photographs: each by heads that were fitted without its fold.

A fold holds whole groups, so that what is alike (the photographs of a theme or a folder, the copies
of a file) is held out together.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from paiaa_jax import rng
from paiaa_jax.models.frozen_heads import Heads


def draw_folds(groups: np.ndarray, folds: int, seed: int, purpose: str) -> np.ndarray:
  """groups [n] -> fold of each photograph, 0..folds - 1; a group is never divided."""
  names, member = np.unique(groups, return_inverse=True)
  fold = rng.generator(seed, purpose).permutation(len(names)) % folds
  return fold[member]


def cross_fitted(
  fit: Callable[[np.ndarray], Heads],
  score: Callable[[Heads, np.ndarray], np.ndarray],
  features: np.ndarray,
  fold: np.ndarray,
) -> np.ndarray:
  """Each photograph's score [n] by heads that were fitted without its fold.

  Args:
    fit: heads from the photographs where a mask [n] is True.
    score: heads and features [m, d] -> scores [m].
    features: [n, d].
    fold: [n] integers.
  """
  out = np.empty(len(fold))
  for held_out in np.unique(fold):
    out[fold == held_out] = score(fit(fold != held_out), features[fold == held_out])
  return out
