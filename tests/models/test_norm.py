"""Our BatchNorm against its formula in numpy, with torch's running variance."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from paiaa_jax.models.norm import BatchNorm


@functools.partial(jax.jit, static_argnums=0)
def train(module, x):
  variables = module.init(jax.random.key(0), x, use_running_average=True)
  return module.apply(variables, x, use_running_average=False, mutable=["batch_stats"])


@pytest.mark.parametrize("shape", [(32, 3), (4, 5, 6, 3)])
def test_batches_are_normalised_by_the_biased_variance_and_the_unbiased_one_is_kept(shape):
  x = np.random.default_rng(0).normal(2.0, 3.0, shape).astype(np.float32)
  axes = tuple(range(len(shape) - 1))
  y, state = train(BatchNorm(momentum=0.1), x)
  expected = (x - x.mean(axes)) / np.sqrt(x.var(axes) + 1e-5)
  np.testing.assert_allclose(y, expected, atol=1e-5)
  np.testing.assert_allclose(state["batch_stats"]["mean"], 0.1 * x.mean(axes), rtol=1e-5)
  unbiased = 0.9 * 1.0 + 0.1 * x.var(axes, ddof=1)
  np.testing.assert_allclose(state["batch_stats"]["var"], unbiased, rtol=1e-5)


def test_running_statistics_normalise_in_evaluation():
  x = np.float32([[1.0, 2.0], [5.0, 6.0]])
  stats = {"mean": jnp.asarray([1.0, 2.0]), "var": jnp.asarray([4.0, 16.0])}
  params = {"scale": jnp.asarray([2.0, 1.0]), "bias": jnp.asarray([0.0, 1.0])}
  module = BatchNorm(epsilon=0.0)
  y = module.apply({"params": params, "batch_stats": stats}, x, use_running_average=True)
  np.testing.assert_allclose(y, [[0.0, 1.0], [4.0, 2.0]], atol=1e-6)


def test_bfloat16_keeps_parameters_and_statistics_in_float32():
  x = jnp.asarray(np.random.default_rng(0).normal(size=(64, 3)), jnp.bfloat16)
  y, state = train(BatchNorm(dtype=jnp.bfloat16), x)
  assert y.dtype == jnp.bfloat16
  assert {leaf.dtype for leaf in jax.tree.leaves(state)} == {jnp.dtype(jnp.float32)}
  exact = 0.9 + 0.1 * np.asarray(x, np.float64).var(0, ddof=1)
  np.testing.assert_allclose(state["batch_stats"]["var"], exact, rtol=1e-5)


def test_one_row_gives_its_bias_and_no_nan():
  y, state = train(BatchNorm(), np.ones((1, 2), np.float32))
  np.testing.assert_array_equal(y, np.zeros((1, 2)))
  assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(state))
