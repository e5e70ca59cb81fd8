"""Image-level agreement against scipy, and intervals that draw whole groups."""

import numpy as np
import pytest
from scipy import stats

from paiaa_jax import metrics
from paiaa_jax.apps import agreement

AVA = tuple(float(score) for score in range(1, 11))
FIVE = (1.0, 2.0, 3.0, 4.0, 5.0)


def distributions(n, buckets, seed):
  draws = np.random.default_rng(seed).gamma(1.0, size=(n, buckets)).astype(np.float32)
  return draws / draws.sum(axis=1, keepdims=True)


def test_agreement_is_scipys():
  ours, theirs = distributions(60, 5, 0), distributions(60, 5, 1)
  found = agreement.aesthetics(ours, theirs, FIVE, FIVE)
  a, b = ours @ np.array(FIVE), theirs @ np.array(FIVE)
  assert found["srcc"] == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-4)
  assert found["plcc"] == pytest.approx(stats.pearsonr(a, b).statistic, abs=1e-4)
  assert found["krcc"] == pytest.approx(stats.kendalltau(a, b).statistic, abs=1e-4)
  assert found["acc"] == pytest.approx(np.mean((a > 3) == (b > 3)))
  assert found["always_high"] == pytest.approx(np.mean(b > 3))


def test_kendalls_tau_of_many_images_is_that_of_all_their_pairs():
  random = np.random.default_rng(2)
  a = random.integers(0, 50, agreement.PAIRWISE + 1).astype(np.float32)  # with ties
  b = a + random.integers(-30, 30, len(a)).astype(np.float32)
  assert agreement.kendall(a, b) == pytest.approx(float(metrics.krcc(a, b)), abs=1e-5)
  assert np.isnan(agreement.kendall(a, np.ones_like(b)))
  b[3] = np.inf
  assert np.isnan(agreement.kendall(a, b)) and np.isnan(metrics.krcc(a, b))


def test_between_scales_only_the_mean_scores_meet():
  found = agreement.aesthetics(distributions(9, 5, 0), distributions(9, 10, 1), FIVE, AVA)
  assert set(found) == {"srcc", "plcc", "krcc"}


def test_avas_middle_is_five_as_in_eq_9():
  assert metrics.high_above(AVA) == 5.0
  assert metrics.high_above(FIVE) == 3.0


def test_few_groups_are_resampled_in_every_way():
  values, groups = np.array([0.0, 0.0, 3.0, 6.0]), np.array(["a", "a", "b", "c"])
  seen = []

  def mean(rows):
    seen.append(sorted(rows))
    return float(values[rows].mean())

  low, high = agreement.interval_over_groups(mean, groups, np.random.default_rng(0), coverage=1.0)
  assert len(seen) == 27 and [0, 0, 0, 1, 1, 1] in seen  # both rows of `a`, three times
  assert (low, high) == (0.0, 6.0)


def test_many_groups_give_an_interval_that_narrows_with_them():
  random = np.random.default_rng(0)

  def width(groups):
    values = random.normal(size=groups)
    low, high = agreement.interval_over_groups(
      lambda rows: float(values[rows].mean()), np.arange(groups), random
    )
    return high - low

  assert width(400) < 0.6 * width(40)
  assert width(400) == pytest.approx(2 * 1.96 / 20, rel=0.2)
