"""Losses against numbers worked out by hand and against scipy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from paiaa_jax import losses


def distributions(seed, n=7, b=10):
  draws = np.random.default_rng(seed).gamma(1.0, size=(n, b))
  return (draws / draws.sum(-1, keepdims=True)).astype(np.float32)


def test_distribution_mse_is_the_mean_over_buckets():
  predicted = jnp.array([[0.5, 0.5, 0.0, 0.0]])
  target = jnp.array([[0.0, 0.5, 0.5, 0.0]])
  np.testing.assert_allclose(losses.distribution_mse(predicted, target), [(0.25 + 0.25) / 4])


def test_emd_of_one_bucket_away():
  b = 4
  predicted, target = jnp.eye(b)[:1], jnp.eye(b)[1:2]
  distance = losses.distribution_emd(predicted, target)
  np.testing.assert_allclose(distance, [np.sqrt(1 / b)], rtol=1e-6)


def test_emd_orders_pairs_as_scipys_energy_distance_does():
  # Both integrate the squared gap of the cumulative distributions; ours is sqrt(energy^2 / 2 / b).
  p, q = distributions(0), distributions(1)
  grid = np.arange(p.shape[1])
  energy = [scipy.stats.energy_distance(grid, grid, a, b) for a, b in zip(p, q, strict=True)]
  expected = np.sqrt(np.square(energy) / 2 / p.shape[1])
  np.testing.assert_allclose(losses.distribution_emd(p, q), expected, rtol=1e-4)


def test_emd_has_a_finite_gradient_at_a_perfect_prediction():
  p = jnp.asarray(distributions(0))
  gradient = jax.grad(lambda x: losses.distribution_emd(x, p).sum())(p)
  assert np.isfinite(gradient).all()


def test_masked_mean_leaves_out_even_a_nan():
  values, mask = jnp.array([1.0, jnp.nan, 3.0]), jnp.array([1.0, 0.0, 1.0])
  assert losses.masked_mean(values, mask) == 2.0
  assert losses.masked_mean(values, jnp.zeros(3)) == 0.0
  gradient = jax.grad(lambda v: losses.masked_mean(jnp.square(v), mask))(values)
  np.testing.assert_allclose(gradient[jnp.array([0, 2])], [1.0, 3.0])


def test_shapes_that_would_broadcast_are_refused():
  with pytest.raises(ValueError, match=r"\(2, 5\).*\(1, 5\)"):
    losses.aux_mse(jnp.zeros((2, 5)), jnp.zeros((1, 5)))


def test_emd_of_order_1_is_scipys_wasserstein_distance():
  predicted, target = distributions(3), distributions(4)
  places = np.arange(10)
  expected = [
    scipy.stats.wasserstein_distance(places, places, p, q) / 10
    for p, q in zip(predicted, target, strict=True)
  ]
  np.testing.assert_allclose(losses.distribution_emd_r1(predicted, target), expected, rtol=1e-4)


def test_a_mean_under_weights_is_numpys():
  values, weights = np.array([1.0, 5.0, np.nan, 2.0]), np.array([0.3, 0.1, 0.0, 0.2])
  found = losses.masked_mean(jnp.asarray(values), jnp.asarray(weights))
  expected = np.average(np.nan_to_num(values), weights=weights)
  np.testing.assert_allclose(found, expected, rtol=1e-6)
  assert losses.masked_mean(jnp.asarray(values), jnp.zeros(4)) == 0
