"""The learning curve shows what personalize.json says."""

import numpy as np

from paiaa_jax.reporting import figures


def side(mean, std):
  return {"mean": mean, "std": std}


def test_the_curve_runs_through_the_means_in_the_order_of_k_and_skips_what_is_undefined():
  summaries = {
    "100": {"generic": side(0.30, 0.02), "personal": side(0.50, 0.03)},
    "10": {"generic": side(0.31, 0.01), "personal": side(0.40, 0.05)},
    "150": {"generic": side(None, None), "personal": side(None, None)},
  }
  (axis,) = figures.learning_curve({"ridge": summaries}, "simulated raters").axes
  generic, personal = axis.get_lines()
  np.testing.assert_array_equal(personal.get_xdata(), [10, 100, 150])
  np.testing.assert_array_equal(personal.get_ydata(), [0.4, 0.5, np.nan])
  np.testing.assert_array_equal(generic.get_ydata(), [0.31, 0.30, np.nan])
  band = axis.collections[0].get_datalim(axis.transData)
  np.testing.assert_allclose([band.y0, band.y1], [0.35, 0.53])
