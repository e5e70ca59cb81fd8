"""What a model of a frozen backbone is worth on photographs that its heads never saw.

Held out are photographs, and whole groups of them: of a stranger's photographs expect the latter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from paiaa_jax import metrics
from paiaa_jax.models import cross_fit, frozen_heads
from paiaa_jax.models.frozen_heads import Heads

FOLDS = 5
DRAWS = 5  # of folds, their figures averaged
ONE_DRAW = 1000  # photographs above which one draw is enough, and as much as one waits for
Progress = Callable[[Iterable[np.ndarray], int], Iterable[np.ndarray]]


def fit(features: np.ndarray, shares: np.ndarray, aux: np.ndarray) -> Heads:
  """Heads from features [n, d], distributions [n, b] and auxiliary targets [n, k]."""
  return frozen_heads.fit(frozen_heads.projection(features), features, shares, aux)


def measure(
  features: np.ndarray,
  shares: np.ndarray,
  scale: tuple[float, ...],
  units: np.ndarray,
  progress: Progress,
) -> dict[str, Any]:
  """Figures of held-out mean scores, five folds of whole units.

  Args:
    features: [n, d].
    shares: [n, b] distributions over `scale` [b].
    units: [n] what is never divided, the photograph or its group; FOLDS of them at least.
    progress: passes the draws of folds on, of this number.

  Returns:
    JSON-ready: `srocc` and its 95 % `interval`, `plcc`, `rmse` in points, `units` and `draws`.
    None is what is undefined.
  """
  none, values = np.zeros((len(features), 0)), np.asarray(scale)
  means, count = shares @ values, len(np.unique(units))

  def fit_to(train: np.ndarray) -> Heads:
    return fit(features[train], shares[train], none[train])

  def score(heads: Heads, rows: np.ndarray) -> np.ndarray:
    return frozen_heads.distributions(heads, rows, len(values)) @ values

  number = DRAWS if len(features) <= ONE_DRAW else 1
  folds = (
    cross_fit.draw_folds(units, FOLDS, seed, "held-out photographs") for seed in range(number)
  )
  found = []
  for fold in progress(folds, number):
    out = cross_fit.cross_fitted(fit_to, score, features, fold)
    found.append([float(f(out, means)) for f in (metrics.srcc, metrics.plcc, metrics.rmse)])
  srocc, plcc, rmse = np.mean(found, axis=0)
  return {
    "srocc": _number(srocc),
    "interval": interval(srocc, count),
    "plcc": _number(plcc),
    "rmse": _number(rmse),
    "units": count,
    "draws": number,
  }


def interval(srocc: float, count: int) -> list[float] | None:
  """95 % interval of a rank correlation over `count` photographs (Bonett and Wright, 2000)."""
  if count <= 3 or not abs(srocc) < 1:
    return None
  half = 1.96 * np.sqrt((1 + srocc**2 / 2) / (count - 3))
  return [round(float(np.tanh(np.arctanh(srocc) + sign * half)), 3) for sign in (-1, 1)]


def _number(value: float) -> float | None:
  return round(float(value), 3) if np.isfinite(value) else None
