"""BN statistics of groups of rows: each group alone, and nothing summed over devices."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from paiaa_jax.training import sharding
from paiaa_jax.training.step import forward, make_train_step
from tests.training.steps import NETWORK as WITH_DROPOUT
from tests.training.steps import make_batch, make_optimizer, make_state

NETWORK = WITH_DROPOUT.clone(head_dropout=0.0)
KEY = jax.random.key(0)


def apply(network, passes, groups):
  return jax.jit(functools.partial(forward, network, passes=passes, norm_groups=groups))


def random_like(params):
  random = np.random.default_rng(0)
  return jax.tree.map(lambda x: random.normal(size=x.shape).astype(x.dtype), params)


@pytest.mark.parametrize(("passes", "groups"), [(1, 4), (2, 2)])
def test_a_group_of_rows_is_a_batch_of_its_own(passes, groups):
  state, batch = make_state(make_optimizer(), network=NETWORK), make_batch(16)
  state = state._replace(params=random_like(state.params))
  prediction, batch_stats = apply(NETWORK, passes, groups)(
    state.params, state.batch_stats, batch.image, KEY
  )
  alone = jax.jit(functools.partial(NETWORK.apply, train=True, mutable=["batch_stats"]))
  expected, stats = np.zeros(prediction.distribution.shape), state.batch_stats
  for first in range(passes):  # linen's BatchNorm and ours, of a few rows at a time
    parts = np.split(np.arange(first, 16, passes), groups)
    ends = []
    for rows in parts:
      own, changed = alone({"params": state.params, "batch_stats": stats}, batch.image[rows])
      expected[rows] = own.distribution
      ends.append(changed["batch_stats"])
    stats = jax.tree.map(lambda *leaves: np.mean(leaves, 0), *ends)
  np.testing.assert_allclose(prediction.distribution, expected, atol=1e-3)
  jax.tree.map(
    lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), batch_stats, stats
  )


def test_statistics_that_do_not_change_keep_their_bits():
  """Three times a number, by 3, may be another number."""
  network = NETWORK.clone(freeze_backbone=True)
  state = make_state(make_optimizer(), network=network)
  old = jax.tree.map(lambda x: x + jnp.float32(0.1), state.batch_stats["backbone"])
  stats = state.batch_stats | {"backbone": old}
  _, after = apply(network, 1, 3)(state.params, stats, make_batch(6).image, KEY)
  jax.tree.map(np.testing.assert_array_equal, after["backbone"], old)


def test_each_group_drops_units_of_its_own():
  state, batch = make_state(make_optimizer()), make_batch(8)
  params = random_like(state.params)
  image = np.tile(batch.image[:4], (2, 1, 1, 1))
  prediction, _ = apply(WITH_DROPOUT, 1, 2)(params, state.batch_stats, image, KEY)
  first, second = np.split(np.asarray(prediction.distribution), 2)
  assert not np.allclose(first, second)


def test_a_group_a_device_sums_no_statistics_over_the_devices():
  mesh = sharding.make_mesh()
  optimizer = make_optimizer()
  state = make_state(optimizer)
  shapes = sharding.abstract(state, mesh)
  rows, whole = sharding.batch_sharding(mesh), sharding.replicated(mesh)

  def sums(groups):
    """all-reduces of a forward pass, and of a whole step."""
    predict = jax.jit(
      lambda *arrays: forward(WITH_DROPOUT, *arrays, norm_groups=groups)[0],
      in_shardings=(whole, whole, rows, whole),
      out_shardings=rows,
    )
    step = make_train_step(WITH_DROPOUT, optimizer, norm_groups=groups)
    step = sharding.jit_train_step(step, shapes, mesh, 16)
    programs = (
      predict.lower(state.params, state.batch_stats, make_batch(16).image, KEY),
      step.lower(shapes, make_batch(16)),
    )
    return [program.compile().as_text().count(" all-reduce(") for program in programs]

  (forward_whole, step_whole), (forward_groups, step_groups) = sums(1), sums(8)
  assert forward_groups == 0 < forward_whole
  assert step_groups < step_whole
