"""Evaluation counts every image once, whatever the batch, and agrees with scipy."""

import jax
import numpy as np
import pytest
from scipy import stats

from paiaa_jax.training import batches, evaluate, sharding
from paiaa_jax.training.step import make_eval_step
from paiaa_jax.types import Batch, Prediction
from tests.training import tiny
from tests.training.steps import NETWORK, make_optimizer, make_state


def predict(folders, stream, batch_size):
  config = tiny.get_config(folders)
  mesh = sharding.make_mesh(1, jax.devices()[:1])
  state = make_state(make_optimizer())
  step = sharding.jit_eval_step(make_eval_step(NETWORK), state.params, state.batch_stats, mesh)
  rows = batches.eval_batches(batches.open_streams(config), stream, config, batch_size)
  return evaluate.predict(step, state.params, state.batch_stats, rows, mesh)


@pytest.mark.parametrize("stream", ["aesthetics", "auxiliary"])
def test_every_image_counts_once_whatever_the_batch(folders, stream):
  prediction, labels = predict(folders, stream, 8)  # 12 images: a whole batch and half a one
  np.testing.assert_array_equal(labels.index, np.arange(tiny.IMAGES["validation"]))
  again, same = predict(folders, stream, 5)
  np.testing.assert_allclose(prediction.distribution, again.distribution, atol=1e-6)
  np.testing.assert_allclose(prediction.aux, again.aux, atol=1e-6)
  np.testing.assert_array_equal(labels.distribution, same.distribution)
  assert labels.has_distribution.all() == (stream == "aesthetics")


def labelled(n=40, has=1.0):
  random = np.random.default_rng(0)
  masks = np.full(n, has, np.float32)
  labels = Batch(
    image=(),
    distribution=random.dirichlet(np.ones(5), n).astype(np.float32),
    aux=random.uniform(-1, 1, (n, 2)).astype(np.float32),
    has_distribution=masks,
    has_aux=masks,
    index=np.arange(n),
  )
  noisy = 0.5 * labels.distribution + 0.5 * random.dirichlet(np.ones(5), n).astype(np.float32)
  return Prediction(noisy, labels.aux * np.float32([1, -1]), ()), labels


def test_scores_agree_with_scipy():
  prediction, labels = labelled()
  scale = np.array([1, 2, 3, 4, 5])
  x, y = prediction.distribution @ scale, labels.distribution @ scale
  gaps = np.cumsum(prediction.distribution - labels.distribution, axis=1)
  results = evaluate.score_aesthetics(prediction, labels, tuple(scale))
  expected = {
    "loss_aesthetics": np.mean((prediction.distribution - labels.distribution) ** 2),
    "srcc": stats.spearmanr(x, y).statistic,
    "plcc": stats.pearsonr(x, y).statistic,
    "rmse": np.sqrt(np.mean((x - y) ** 2)),
    "acc": np.mean((x > 3) == (y > 3)),
    "emd": np.mean(np.sqrt(np.mean(gaps**2, axis=1))),
  }
  assert results == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("scale", "threshold"), [(range(1, 11), 5), (range(1, 6), 3)])
def test_accuracy_is_about_the_lower_middle_of_the_scale(scale, threshold):
  """Both images are scored just above the threshold; one of the raters' scores is exactly on it."""
  scale = tuple(map(float, scale))
  on = np.eye(len(scale), dtype=np.float32)[[threshold - 1, threshold]]
  above = np.eye(len(scale), dtype=np.float32)[[threshold, threshold]]
  ones = np.ones(2, np.float32)
  labels = Batch((), on, np.zeros((2, 1)), ones, 0 * ones, np.arange(2))
  results = evaluate.score_aesthetics(Prediction(above, None, ()), labels, scale)
  assert results["acc"] == 0.5


def test_traits_have_a_correlation_each_and_their_mean():
  prediction, labels = labelled()
  results = evaluate.score_auxiliary(prediction, labels, ("calm", "loud"))
  assert results["srcc_calm"] == pytest.approx(1) and results["srcc_loud"] == pytest.approx(-1)
  assert results["srcc_aux"] == pytest.approx(0, abs=1e-6)
  assert results["loss_auxiliary"] == pytest.approx(2 * np.mean(labels.aux[:, 1] ** 2), rel=1e-4)


def test_without_labels_a_correlation_is_undefined():
  results = evaluate.score_auxiliary(*labelled(has=0.0), ("calm", "loud"))
  assert np.isnan(results["srcc_aux"]) and results["loss_auxiliary"] == 0
