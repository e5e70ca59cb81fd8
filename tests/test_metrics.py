"""Every metric against scipy or numpy, with heavy ties, masks and degenerate vectors."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from paiaa_jax import metrics

CORRELATIONS = {
  "srcc": (metrics.srcc, stats.spearmanr),
  "plcc": (metrics.plcc, stats.pearsonr),
  "krcc": (metrics.krcc, stats.kendalltau),
}
WIDTH = 40  # one padded shape, so that each metric compiles once


def padded(values, fill):
  """Values at the front of a vector of WIDTH whose rest is `fill`, and the mask that hides it."""
  out = np.full(WIDTH, fill, np.float32)
  out[: len(values)] = values
  return out, (np.arange(WIDTH) < len(values)).astype(np.float32)


@pytest.mark.parametrize("name", CORRELATIONS)
@settings(deadline=None, max_examples=60)
@given(
  pairs=st.lists(st.tuples(st.integers(1, 5), st.integers(-3, 40)), min_size=3, max_size=WIDTH),
  fill=st.sampled_from([0.0, np.nan, np.inf]),
)
def test_correlations_agree_with_scipy_under_ties_and_padding(name, pairs, fill):
  ours, scipys = CORRELATIONS[name]
  x, y = np.array(pairs, np.float32).T
  (x_padded, mask), (y_padded, _) = padded(x, fill), padded(y, fill)
  result = float(jax.jit(ours)(x_padded, y_padded, mask))
  if np.ptp(x) == 0 or np.ptp(y) == 0:
    assert np.isnan(result)
  else:
    assert result == pytest.approx(scipys(x, y).statistic, abs=1e-6)


@pytest.mark.parametrize("name", ["srcc", "plcc"])
def test_correlations_hold_on_a_set_of_the_size_of_ava(name):
  ours, scipys = CORRELATIONS[name]
  rng = np.random.default_rng(0)
  x = rng.normal(5, 0.7, 20_000).astype(np.float32)
  y = np.round(x + rng.normal(0, 0.8, x.size), 1).astype(np.float32)
  assert float(ours(x, y)) == pytest.approx(scipys(x, y).statistic, abs=1e-6)


def test_krcc_holds_on_thousands_of_images():
  x = np.arange(5_000, dtype=np.float32)
  y = np.where(x % 2, x // 3, -x)
  assert float(metrics.krcc(x, y)) == pytest.approx(stats.kendalltau(x, y).statistic, abs=1e-6)


def test_correlations_map_over_users():
  rng = np.random.default_rng(1)
  x, y = rng.normal(size=(2, 7, 30)).astype(np.float32)
  result = jax.vmap(metrics.srcc)(x, y)
  expected = [stats.spearmanr(a, b).statistic for a, b in zip(x, y, strict=True)]
  np.testing.assert_allclose(result, expected, atol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", CORRELATIONS)
def test_a_value_that_is_not_finite_makes_the_correlation_undefined(name, bad):
  x = jnp.array([1.0, 2.0, bad, 4.0])
  y = jnp.array([1.0, 2.0, 3.0, 5.0])
  assert np.isnan(float(CORRELATIONS[name][0](x, y)))


@pytest.mark.parametrize("name", CORRELATIONS)
def test_one_image_or_none_has_no_correlation(name):
  x = jnp.array([1.0, 2.0, 3.0])
  for mask in ([0, 0, 0], [0, 1, 0]):
    assert np.isnan(float(CORRELATIONS[name][0](x, x, jnp.array(mask))))


def test_rmse_acc_and_emd_agree_with_numpy_under_a_mask():
  rng = np.random.default_rng(2)
  p, q = rng.dirichlet(np.ones(10), size=(2, 25)).astype(np.float32)
  x, y = p @ np.arange(1.0, 11), q @ np.arange(1.0, 11)
  mask = np.arange(25) < 20
  assert float(metrics.rmse(x, y, mask)) == pytest.approx(
    np.sqrt(np.mean((x[:20] - y[:20]) ** 2)), rel=1e-5
  )
  assert float(metrics.acc(x, y, mask)) == pytest.approx(np.mean((x > 5) == (y > 5), where=mask))
  gaps = np.cumsum(p, 1) - np.cumsum(q, 1)
  expected = np.mean(np.sqrt(np.mean(gaps**2, axis=1))[:20])
  assert float(metrics.emd(p, q, mask)) == pytest.approx(expected, rel=1e-5)


def test_acc_takes_a_score_of_exactly_five_as_low():
  assert float(metrics.acc(jnp.array([5.0]), jnp.array([5.1]))) == 0.0
  assert float(metrics.acc(jnp.array([5.0]), jnp.array([4.9]))) == 1.0


@pytest.mark.parametrize("scale", [(1, 2, 3, 4, 5), (0, 0.25, 0.5, 0.75, 1), (1, 4, 5, 9, 10)])
@pytest.mark.parametrize("shape", [(), (1,), (7,), (2, 3)])
def test_mean_and_deviation_of_a_distribution_are_those_of_its_scores(scale, shape):
  counts = np.random.default_rng(0).integers(0, 5, (*shape, len(scale))) + 1
  shares = counts / counts.sum(axis=-1, keepdims=True)
  scores = [np.repeat(scale, row) for row in counts.reshape(-1, len(scale))]
  for moment, oracle in ((metrics.mean_score, np.mean), (metrics.score_std, np.std)):
    expected = np.reshape([oracle(own) for own in scores], shape)
    np.testing.assert_allclose(moment(shares, scale), expected, rtol=1e-12)
    for ours in (moment(jnp.asarray(shares), scale), jax.jit(moment)(shares, scale)):
      np.testing.assert_allclose(ours, expected, rtol=1e-5)


def test_the_deviation_of_a_sure_score_is_zero():
  sure = np.eye(10, dtype=np.float32)
  np.testing.assert_array_equal(metrics.score_std(sure, np.linspace(1, 10, 10)), np.zeros(10))
