"""Ratings that nothing can be learnt from, in words; for many users and for one, without jax."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from paiaa_jax.types import Array


def rating_faults(
  ratings: np.ndarray,
  row: Array | slice,
  images: Mapping[str, Array],
  rating_range: tuple[float, float] | None,
) -> dict[str, np.ndarray]:
  """What is wrong -> where, a bool of the shape of `ratings`.

  Args:
    ratings: of any shape.
    row: of that shape, the images that were rated; a slice where they stand in order.
    images: [N] or [N, m], each under the words for one of its numbers, such as "a generic score".
    rating_range: (lowest, highest) rating possible, or None.
  """
  low, high = rating_range or (-np.inf, np.inf)
  faults = {
    "a rating that is not a finite number": ~np.isfinite(ratings),
    f"a rating outside {low:g}..{high:g}": (ratings < low) | (ratings > high),
  }
  for words, array in images.items():
    bad = ~np.isfinite(np.reshape(array, (len(array), -1)))
    faults[f"{words} that is not a finite number"] = np.any(bad, axis=1)[row]
  return faults
