"""Pictures that show what they say."""

import itertools

import numpy as np
import pytest

from paiaa_jax.reporting.galleries import distributions_and_traits


@pytest.mark.parametrize("scores", [np.arange(1, 6), np.linspace(0, 1, 10)])
def test_bars_of_a_distribution_stand_side_by_side_whatever_the_scale(scores):
  image, share = np.zeros((4, 6, 3), np.uint8), np.full((1, len(scores)), 1 / len(scores))
  figure = distributions_and_traits([image], share, share, np.ones((1, 2)), scores, ("a", "b"))
  bars = sorted(figure.axes[1].patches, key=lambda bar: bar.get_x())
  assert len(bars) == len(scores)
  for left, right in itertools.pairwise(bars):
    assert left.get_x() + left.get_width() < right.get_x()
