"""Heads in closed form against plain ones: scikit-learn's, and fits with a row truly left out."""

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge

from paiaa_jax.models import kernel_ridge

N, PENALTY = 20, 0.1


@pytest.fixture
def study():
  random = np.random.default_rng(0)
  features = random.normal(size=(N, 30)).astype(np.float32)
  features[:, 3] = 7.0  # a dead channel
  train = np.arange(N) < 15
  return features, train, random.normal(size=(N, 2)).astype(np.float32)


def plain(kernel, targets, rows, penalty):
  """Predictions for all rows by scikit-learn's kernel ridge on `rows`, with a free mean."""
  mean = targets[rows].mean(axis=0)
  fitted = KernelRidge(alpha=penalty, kernel="precomputed")
  fitted.fit(kernel[np.ix_(rows, rows)], targets[rows] - mean)
  return mean + fitted.predict(kernel[:, rows])


def test_a_head_is_kernel_ridge_on_the_centred_kernel(study):
  features, train, targets = study
  gram = kernel_ridge.kernel(features, train)
  smoother = kernel_ridge.make_smoother(gram, train)
  predicted, chosen = kernel_ridge.fit_heads(smoother, targets, np.array([PENALTY], np.float32))
  centred = np.asarray(kernel_ridge.center(gram, train), np.float64)
  scale = np.trace(centred[:15, :15]) / 15
  expected = plain(centred, targets, np.arange(15), PENALTY * scale)
  np.testing.assert_allclose(predicted[15:], expected[15:], atol=1e-4)
  assert chosen == pytest.approx(PENALTY)
  for i in range(15):  # the row truly left out, kernel and penalty as they were
    rows = np.delete(np.arange(15), i)
    own = centred[np.ix_(rows, rows)] + PENALTY * scale * np.eye(14)
    ones = np.ones((14, 1))
    gram = np.block([[own, ones], [ones.T, np.zeros((1, 1))]])
    dual = np.linalg.solve(gram, np.concatenate([targets[rows], np.zeros((1, 2))]))
    np.testing.assert_allclose(predicted[i], centred[i, rows] @ dual[:-1] + dual[-1], atol=1e-3)


def test_targets_that_are_held_out_have_no_say(study):
  features, train, targets = study
  smoother = kernel_ridge.make_smoother(kernel_ridge.kernel(features, train), train)
  penalties = np.array([0.01, 1.0], np.float32)
  before = kernel_ridge.fit_heads(smoother, targets, penalties)[0]
  after = kernel_ridge.fit_heads(smoother, np.where(train[:, None], targets, 99.0), penalties)[0]
  np.testing.assert_array_equal(before, after)


def test_the_kernel_is_one_on_its_diagonal_and_centred_over_training(study):
  features, train, _ = study
  gram = np.asarray(kernel_ridge.kernel(features, train))
  np.testing.assert_allclose(np.diagonal(gram), 1, atol=1e-5)
  np.testing.assert_allclose(gram, gram.T, atol=1e-6)
  centred = np.asarray(kernel_ridge.center(gram, train))
  np.testing.assert_allclose(centred[:, train].sum(axis=1), 0, atol=1e-4)
