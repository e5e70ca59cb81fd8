"""Which photographs are takes of one moment: time [n] and look [n] -> a burst's number [n]."""

from __future__ import annotations

import numpy as np

GAP = 3.0  # seconds between two takes
SAME_SCENE = 10  # bits of 64 in which the looks of two takes may differ
SAME_PICTURE = 4  # the same, where the time is not known


def group_bursts(taken: np.ndarray, look: np.ndarray) -> np.ndarray:
  """Joins neighbours in time whose pictures are alike; a burst is a chain of such neighbours.

  Args:
    taken: [n] seconds, NaN where unknown; these are compared in the order given.
    look: [n] uint64, see `files.look_of`.

  Returns:
    [n] int, numbered from 0 in order of first appearance.
  """
  if not len(taken):
    return np.zeros(0, int)
  order = np.argsort(taken, kind="stable")  # numpy puts NaN last
  gap = np.diff(taken[order])
  apart = np.bitwise_count(look[order][1:] ^ look[order][:-1])
  joined = np.where(np.isnan(gap), apart <= SAME_PICTURE, (gap <= GAP) & (apart <= SAME_SCENE))
  bursts = np.empty(len(taken), int)
  bursts[order] = np.concatenate([[0], np.cumsum(~joined)])
  _, first, numbers = np.unique(bursts, return_index=True, return_inverse=True)
  return np.argsort(np.argsort(first))[numbers]


def places(bursts: np.ndarray, scores: np.ndarray) -> np.ndarray:
  """Place of each photograph in its burst [n], from 1, best score [n] first."""
  order = np.lexsort((-scores, bursts))
  start = np.searchsorted(bursts[order], bursts[order])
  result = np.empty(len(bursts), int)
  result[order] = np.arange(len(bursts)) - start + 1
  return result
