"""Heads in closed form against plain ones: scikit-learn's, and fits with a row truly left out."""

import numpy as np
import pytest
from PIL import Image
from sklearn.kernel_ridge import KernelRidge

from paiaa_jax.models.network import backbone_class
from paiaa_jax.models.weights import pretrained
from paiaa_jax.training import frozen

N, STRENGTH = 20, 0.1


@pytest.fixture
def study():
  random = np.random.default_rng(0)
  features = random.normal(size=(N, 30)).astype(np.float32)
  features[:, 3] = 7.0  # a dead channel
  train = np.arange(N) < 15
  return features, train, random.normal(size=(N, 2)).astype(np.float32)


def plain(kernel, targets, rows, strength):
  """Predictions for all rows by scikit-learn's kernel ridge on `rows`, with a free mean."""
  mean = targets[rows].mean(axis=0)
  fitted = KernelRidge(alpha=strength, kernel="precomputed")
  fitted.fit(kernel[np.ix_(rows, rows)], targets[rows] - mean)
  return mean + fitted.predict(kernel[:, rows])


def test_a_head_is_kernel_ridge_on_the_centred_kernel(study):
  features, train, targets = study
  likeness = frozen.kernel(features, train)
  smoother = frozen.make_smoother(likeness, train)
  predicted, chosen = frozen.fit_heads(smoother, targets, np.array([STRENGTH], np.float32))
  centred = np.asarray(frozen.center(likeness, train), np.float64)
  scale = np.trace(centred[:15, :15]) / 15
  expected = plain(centred, targets, np.arange(15), STRENGTH * scale)
  np.testing.assert_allclose(predicted[15:], expected[15:], atol=1e-4)
  assert chosen == pytest.approx(STRENGTH)
  for i in range(15):  # the row truly left out, kernel and strength as they were
    rows = np.delete(np.arange(15), i)
    own = centred[np.ix_(rows, rows)] + STRENGTH * scale * np.eye(14)
    ones = np.ones((14, 1))
    gram = np.block([[own, ones], [ones.T, np.zeros((1, 1))]])
    dual = np.linalg.solve(gram, np.concatenate([targets[rows], np.zeros((1, 2))]))
    np.testing.assert_allclose(predicted[i], centred[i, rows] @ dual[:-1] + dual[-1], atol=1e-3)


def test_targets_that_are_held_out_have_no_say(study):
  features, train, targets = study
  smoother = frozen.make_smoother(frozen.kernel(features, train), train)
  strengths = np.array([0.01, 1.0], np.float32)
  before = frozen.fit_heads(smoother, targets, strengths)[0]
  after = frozen.fit_heads(smoother, np.where(train[:, None], targets, 99.0), strengths)[0]
  np.testing.assert_array_equal(before, after)


def test_the_kernel_is_one_on_its_diagonal_and_centred_over_training(study):
  features, train, _ = study
  likeness = np.asarray(frozen.kernel(features, train))
  np.testing.assert_allclose(np.diagonal(likeness), 1, atol=1e-5)
  np.testing.assert_allclose(likeness, likeness.T, atol=1e-6)
  centred = np.asarray(frozen.center(likeness, train))
  np.testing.assert_allclose(centred[:, train].sum(axis=1), 0, atol=1e-4)


def test_a_mirrored_photograph_has_the_same_features(tmp_path):
  pixels = np.random.default_rng(0).integers(0, 255, (40, 48, 3), np.uint8)
  for name, image in (("one", pixels), ("mirrored", pixels[:, ::-1])):
    Image.fromarray(np.ascontiguousarray(image)).save(tmp_path / f"{name}.png")
  features = frozen.extract(
    "efficientnet_lite0",
    pretrained.packaged_path("efficientnet_lite0"),
    [tmp_path / "one.png", tmp_path / "mirrored.png"],
    size=32,
    batch_size=3,
  )
  assert features.shape[1] > 2 * backbone_class("efficientnet_lite0").FEATURES
  np.testing.assert_allclose(features[0], features[1], atol=1e-4)
