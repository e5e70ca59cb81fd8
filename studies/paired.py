"""The mean difference of paired runs, with its interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats


def paired(differences: Sequence[float], level: float = 0.95) -> tuple[float, float, float]:
  """(mean, low, high): Student's interval of the mean of n >= 2 independent differences."""
  values = np.asarray(differences, float)
  mean, error = values.mean(), stats.sem(values)
  reach = stats.t.ppf((1 + level) / 2, len(values) - 1) * error
  return float(mean), float(mean - reach), float(mean + reach)
