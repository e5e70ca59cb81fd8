"""The interval of paired differences is the one-sample t-test's."""

import numpy as np
from scipy import stats

from studies.paired import paired


def test_the_interval_is_that_of_the_t_test():
  values = np.random.default_rng(0).normal(0.3, 1, 7)
  expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
  mean, low, high = paired(values.tolist())
  np.testing.assert_allclose([mean, low, high], [values.mean(), expected.low, expected.high])
