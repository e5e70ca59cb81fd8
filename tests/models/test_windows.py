"""Shifted slices against XLA's own windows, values and gradients."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from paiaa_jax.models import windows

CASES = [(3, 2, 0), (3, 2, 1), (3, 1, 1), (2, 2, 0)]


@pytest.mark.parametrize(("window", "stride", "padding"), CASES)
@pytest.mark.parametrize("kind", ["max_pool", "avg_pool"])
@pytest.mark.parametrize("side", [7, 8])
def test_values_and_gradients_are_xla_s(kind, window, stride, padding, side):
  x = np.random.default_rng(0).normal(-3, 1, (2, side, side + 1, 3)).astype(np.float32)

  def ours(x):
    return getattr(windows, kind)(x, window, stride, padding)

  def theirs(x):
    pads = ((padding, padding),) * 2
    return getattr(nn, kind)(x, (window, window), (stride, stride), pads)

  expected = theirs(x)
  np.testing.assert_allclose(ours(x), expected, atol=1e-6)
  weights = np.random.default_rng(1).normal(size=expected.shape)
  gradients = [jax.jit(jax.grad(lambda x, f=f: jnp.sum(f(x) * weights)))(x) for f in (ours, theirs)]
  np.testing.assert_allclose(*gradients, atol=1e-5)
