"""Ranks and their correlation against scipy, under ties, subsets and ragged users."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from paiaa_jax.personalization import ranks

USERS, IMAGES, SPLITS = 3, 45, 4


@pytest.mark.parametrize("distinct", [3, 10_000])
def test_subset_ranks_are_scipys(distinct):
  rng = np.random.default_rng(distinct)
  values = rng.integers(0, distinct, (USERS, IMAGES)).astype(np.float32)
  subset = rng.random((USERS, IMAGES, SPLITS)) < 0.6
  subset[0, :, 0] = False
  result = np.asarray(jax.jit(ranks.subset_ranks)(values, subset))
  for u in range(USERS):
    for s in range(SPLITS):
      members = subset[u, :, s]
      np.testing.assert_array_equal(result[u, members, s], stats.rankdata(values[u, members]))
      assert not result[u, ~members, s].any()


@pytest.mark.parametrize("distinct", [1, 7, 2**24])
@pytest.mark.parametrize("images", [5, 45, 70])
def test_ranks_of_a_ragged_front_are_scipys(distinct, images):
  rng = np.random.default_rng(distinct + images)
  scores = rng.integers(0, distinct, (USERS, images, SPLITS)).astype(np.float32)
  count = np.array([0, images - 2, images])
  result = np.asarray(jax.jit(ranks.ranks)(scores, jnp.asarray(count)))
  for u, m in enumerate(count):
    np.testing.assert_array_equal(result[u, :m], stats.rankdata(scores[u, :m], axis=0))
    assert not result[u, m:].any()


@pytest.mark.parametrize("tied_rows", [1, ranks.FEW, ranks.FEW + 1])
def test_few_and_many_tied_rows_are_ranked_alike(tied_rows):
  rng = np.random.default_rng(tied_rows)
  rows = rng.permuted(np.tile(np.arange(20.0), (100, 1)), axis=1)
  rows[rng.permutation(100)[:tied_rows], 5:9] = 7
  scores = rows.reshape(5, 20, 20).transpose(0, 2, 1).astype(np.float32)
  result = np.asarray(ranks.ranks(jnp.asarray(scores), jnp.full(5, 20)))
  np.testing.assert_array_equal(result, stats.rankdata(scores, axis=1))


def test_neighbouring_floats_keep_their_order():
  scores = np.full(40, 3, np.float32)
  for i in range(1, 40):
    scores[i] = np.nextafter(scores[i - 1], np.float32(4))
  result = ranks.ranks(jnp.asarray(scores)[None, :, None], jnp.array([40]))
  np.testing.assert_array_equal(np.ravel(result), np.arange(1, 41))


def test_correlation_is_spearmanrs_and_says_which_side_is_constant():
  rng = np.random.default_rng(0)
  a = rng.integers(1, 6, (1, IMAGES, SPLITS)).astype(np.float32)
  b = rng.normal(size=a.shape).astype(np.float32)
  a[0, :, 1], b[0, :, 2] = 2, 0.1
  count = jnp.array([IMAGES])
  ranked = [ranks.ranks(jnp.asarray(values), count) for values in (a, b)]
  result = ranks.correlate_ranks(*ranked, count)
  for s in (0, 3):
    expected = stats.spearmanr(a[0, :, s], b[0, :, s]).statistic
    assert float(result.srcc[0, s]) == pytest.approx(expected, abs=1e-6)
  assert np.isnan(result.srcc[0, 1:3]).all()
  np.testing.assert_array_equal(result.constant_a[0], [False, True, False, False])
  np.testing.assert_array_equal(result.constant_b[0], [False, False, True, False])
