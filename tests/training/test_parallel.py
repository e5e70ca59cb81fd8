"""The same step on 1 and on 8 devices, replicated and sharded."""

import functools

import jax
import numpy as np
import pytest

from paiaa_jax.errors import UserError
from paiaa_jax.models.network import Network
from paiaa_jax.training import sharding
from paiaa_jax.training.step import create_state, make_train_step
from tests.training.steps import NETWORK, make_batch, make_optimizer, make_state

SPOILT = {"u": 255, "f": np.nan, "i": -1}  # by kind of type


@functools.cache
def run(devices, *, images=16, fsdp=1, steps=3, batch_norm="concatenated"):
  """Weights, statistics and loss after some steps over that many devices.

  Rows that pad the images are as bad as can be: no sum may have one in it.
  """
  mesh = sharding.make_mesh(fsdp, jax.devices()[:devices])
  optimizer = make_optimizer()
  state = make_state(optimizer)
  state = jax.device_put(state, sharding.state_sharding(state, mesh))
  step = make_train_step(NETWORK, optimizer, batch_norm=batch_norm)
  step = sharding.jit_train_step(step, state, mesh, images)
  padding = sharding.padded_size(images, mesh) - images
  for i in range(steps):
    batch = jax.tree.map(
      lambda rows: np.concatenate([rows, np.full_like(rows[:padding], SPOILT[rows.dtype.kind])]),
      make_batch(images, seed=i),
    )
    state, metrics = step(state, sharding.put_batch(batch, mesh))
  learnt = state.params, state.batch_stats  # a velocity may be all rounding noise: a bias before BN
  return sharding.gather(learnt, mesh), float(metrics["loss"])


def test_the_devices_of_a_process_lie_side_by_side_however_they_are_wired(monkeypatch):
  devices = jax.devices()
  monkeypatch.setattr(jax, "devices", lambda: devices[::2] + devices[1::2])
  assert sharding.make_mesh(2).devices.ravel().tolist() == devices


@pytest.mark.parametrize(
  ("images", "fsdp", "batch_norm"),
  [
    (16, 8, "concatenated"),
    (20, 2, "concatenated"),
    (20, 1, "separate"),
    (6, 1, "concatenated"),
  ],
)
def test_eight_devices_equal_one(images, fsdp, batch_norm):
  """20 images are padded to 24; 6 leave two devices without any."""
  one, loss = run(1, images=images, batch_norm=batch_norm)
  eight, sharded_loss = run(8, images=images, fsdp=fsdp, batch_norm=batch_norm)
  np.testing.assert_allclose(loss, sharded_loss, rtol=1e-5)
  jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), one, eight)


@pytest.mark.parametrize("fsdp", [2, 4, 8])
def test_bytes_of_state_fall_as_one_over_n(fsdp):
  wide = Network("tiny", num_buckets=8, aux_names=("a",) * 8, head_widths=(256, 128))
  shapes = jax.eval_shape(wide.init, jax.random.key(0), make_batch(1).image)
  zeros = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), shapes)
  state = create_state(zeros, make_optimizer(), ema=False, seed=0)
  sizes = []
  for shards in (1, fsdp):
    mesh = sharding.make_mesh(shards)
    placed = jax.device_put(state, sharding.state_sharding(state, mesh))
    sizes.append(sharding.bytes_per_device(placed))
  assert sizes[0] == sum(leaf.nbytes for leaf in jax.tree.leaves(state))
  np.testing.assert_allclose(sizes[1] / sizes[0], 1 / fsdp, rtol=0.02)


def test_a_step_stays_sharded():
  mesh = sharding.make_mesh(8)
  optimizer = make_optimizer()
  state = make_state(optimizer)
  shardings = sharding.state_sharding(state, mesh)
  state = jax.device_put(state, shardings)
  step = sharding.jit_train_step(make_train_step(NETWORK, optimizer), state, mesh, 16)
  after, _ = step(state, sharding.put_batch(make_batch(), mesh))
  jax.tree.map(lambda leaf, wanted: _assert_equal(leaf.sharding, wanted), after, shardings)


def _assert_equal(a, b):
  assert a == b


def test_uneven_meshes_are_refused():
  with pytest.raises(UserError, match=r"train.fsdp=3 does not divide 8 devices"):
    sharding.make_mesh(3)
