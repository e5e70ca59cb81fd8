"""Score distributions [..., b] -> their mean and deviation [...], of numpy and jax arrays alike.

The arithmetic is that of the array given, on its device and in its type, and neither is imported:
the command's paths do without jax.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar, cast

from paiaa_jax.types import Array

AnyArray = TypeVar("AnyArray", bound=Array)


def mean_score(distribution: AnyArray, score_values: Sequence[float] | Array) -> AnyArray:
  """Mean score of each distribution (Eq. 3): [..., b] -> [...], in points.

  Args:
    distribution: [..., b] floating point, shares that sum to 1.
    score_values: [b], the score of each bucket.

  Example:
    >>> float(metrics.mean_score(jnp.array([0.0, 0.5, 0.5]), [1, 2, 3]))
    2.5
  """
  return cast(AnyArray, distribution @ _values(distribution, score_values))


def score_std(distribution: AnyArray, score_values: Sequence[float] | Array) -> AnyArray:
  """Standard deviation of each distribution: [..., b] -> [...], in points, 0 or more.

  Arguments as in `mean_score`.

  Example:
    >>> float(metrics.score_std(jnp.array([0.5, 0.0, 0.5]), [1, 2, 3]))
    1.0
  """
  xp, values = distribution.__array_namespace__(), _values(distribution, score_values)
  values = values.reshape((1,) * (distribution.ndim - 1) + (-1,))
  gap = values - mean_score(distribution, score_values)[..., None]
  return xp.sqrt(xp.maximum(xp.sum(distribution * gap**2, axis=-1), 0))


def _values(distribution: AnyArray, score_values: Sequence[float] | Array) -> AnyArray:
  return distribution.__array_namespace__().asarray(score_values, dtype=distribution.dtype)
