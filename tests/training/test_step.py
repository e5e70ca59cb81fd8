"""One training step: what is minimised, what an absent label does, and how often it compiles."""

import functools

import jax
import numpy as np
import pytest

from paiaa_jax.training.step import make_eval_step, make_train_step
from tests.training.steps import NETWORK, make_batch, make_optimizer, make_state


@functools.cache
def compiled(momentum=0.9, **options):
  """An optimiser and the compiled step with it; tests of the same options share it."""
  optimizer = make_optimizer(momentum=momentum)
  return optimizer, jax.jit(make_train_step(NETWORK, optimizer, **options))


def run(batch, steps=1, **options):
  optimizer, train_step = compiled(**options)
  state = make_state(optimizer, ema=bool(options.get("ema")))
  for _ in range(steps):
    state, metrics = train_step(state, batch)
  return state, metrics


def test_the_step_traces_once_and_overfits():
  optimizer, traces, losses = make_optimizer(), [], []
  step = make_train_step(NETWORK, optimizer)

  @jax.jit
  def counted(state, batch):
    traces.append(1)
    return step(state, batch)

  state = make_state(optimizer)
  for _ in range(60):
    state, metrics = counted(state, make_batch())
    losses.append(float(metrics["loss"]))
  assert len(traces) == 1
  assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])
  assert int(state.step) == 60


@pytest.mark.parametrize(
  ("tasks", "weights"),
  [("joint", (1.0, 3.0)), ("aesthetics", (1.0, 0.0)), ("auxiliary", (0.0, 1.0))],
)
def test_loss_weighs_the_two_terms_of_eq_8(tasks, weights):
  _, metrics = run(make_batch(), tasks=tasks, gamma=3.0)
  expected = weights[0] * metrics["loss_aesthetics"] + weights[1] * metrics["loss_auxiliary"]
  np.testing.assert_allclose(metrics["loss"], expected, rtol=1e-6)


def test_terms_are_means_over_the_labelled_rows():
  batch, optimizer = make_batch(), make_optimizer()
  _, metrics = run(batch)
  state = make_state(optimizer)
  apply = jax.jit(functools.partial(NETWORK.apply, train=True, mutable=["batch_stats"]))
  variables = {"params": state.params, "batch_stats": state.batch_stats}
  prediction, _ = apply(variables, batch.image, rngs={"dropout": _dropout_key(step=0)})
  prediction = jax.device_get(prediction)
  even = np.square(prediction.distribution - batch.distribution)[::2].mean()
  odd = np.square(prediction.aux - batch.aux)[1::2].mean()
  np.testing.assert_allclose(metrics["loss_aesthetics"], even, rtol=1e-5)
  np.testing.assert_allclose(metrics["loss_auxiliary"], odd, rtol=1e-5)


def _dropout_key(step):
  from paiaa_jax import rng

  return jax.random.fold_in(rng.key(0, "dropout", step), 0)


def test_a_head_without_labels_does_not_move():
  batch = make_batch()
  batch = batch._replace(has_aux=np.zeros_like(batch.has_aux), aux=np.full_like(batch.aux, 7.0))
  before = make_state(make_optimizer()).params
  after = run(batch)[0].params
  jax.tree.map(np.testing.assert_array_equal, before["auxiliary"], after["auxiliary"])
  assert np.any(before["aesthetics"]["out"]["bias"] != after["aesthetics"]["out"]["bias"])
  assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(after))


def test_separate_batch_norm_normalises_each_stream_by_itself():
  batch = make_batch()
  dark = batch._replace(
    image=np.where(np.arange(16)[:, None, None, None] % 2, 255, batch.image // 8)
  )
  apart = run(dark, batch_norm="separate")[0].batch_stats["backbone"]["norm"]["mean"]
  together = run(dark, batch_norm="concatenated")[0].batch_stats["backbone"]["norm"]["mean"]

  def mean_of(rows):  # the convolution's output mean over some rows
    params = make_state(make_optimizer()).params["backbone"]["conv"]
    x = (dark.image[rows].astype(np.float32) / 255 - 0.5) / 0.25
    y = jax.lax.conv_general_dilated(
      x, params["kernel"], (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    return np.mean(y + params["bias"].reshape(1, 1, 1, -1), axis=(0, 1, 2))

  even, odd = mean_of(slice(0, None, 2)), mean_of(slice(1, None, 2))
  np.testing.assert_allclose(together, 0.1 * mean_of(slice(None)), rtol=1e-4, atol=1e-5)
  np.testing.assert_allclose(apart, 0.9 * 0.1 * even + 0.1 * odd, rtol=1e-4, atol=1e-5)


def test_ema_follows_its_formula():
  first = jax.device_get(make_state(make_optimizer()).params)
  state = jax.device_get(run(make_batch(), ema=0.75)[0])
  expected = jax.tree.map(lambda old, new: 0.75 * old + 0.25 * new, first, state.params)
  jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), state.ema, expected)


def test_the_loss_of_distributions_is_the_one_that_is_named():
  batch = make_batch()
  wrong = 1 / 5 - batch.distribution[::2]  # the first prediction is flat
  by_image = {
    "mse": np.mean(np.square(wrong), axis=1),
    "emd": np.sqrt(np.mean(np.square(np.cumsum(wrong, axis=1)), axis=1)),
  }
  for name, expected in by_image.items():
    _, metrics = run(batch, distribution_loss=name)
    np.testing.assert_allclose(metrics["loss_aesthetics"], expected.mean(), rtol=1e-5)


def test_dropout_is_a_function_of_the_step():
  batch = make_batch()
  assert run(batch)[1]["loss"] == run(batch)[1]["loss"]
  still = {"momentum": 0.0}
  assert run(batch, 1, **still)[1]["loss"] != run(batch, 2, **still)[1]["loss"]


def test_eval_step_keeps_labels_and_drops_pixels():
  state = make_state(make_optimizer())
  prediction, labels = make_eval_step(NETWORK)(state.params, state.batch_stats, make_batch())
  assert prediction.features == () and labels.image == ()
  np.testing.assert_array_equal(labels.index, np.arange(16))
  np.testing.assert_allclose(prediction.distribution.sum(-1), 1, rtol=1e-5)
