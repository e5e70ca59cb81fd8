"""The fingerprint of a state: the same however it is sharded, another after any flipped bit."""

import jax
import numpy as np
import pytest

from paiaa_jax.training import sharding
from paiaa_jax.training.fingerprint import fingerprint

STATE = {
  "kernel": np.random.default_rng(0).normal(size=(8, 16)).astype(np.float32),
  "step": np.int32(7),
}


def place(state, devices, fsdp):
  mesh = sharding.make_mesh(fsdp, jax.devices()[:devices])
  return jax.device_put(state, sharding.state_sharding(state, mesh))


@pytest.mark.parametrize(("devices", "fsdp"), [(1, 1), (8, 1), (8, 8), (4, 2)])
def test_it_is_the_same_on_any_devices(devices, fsdp):
  words = [STATE["kernel"].view(np.uint32), STATE["step"].view(np.uint32)]
  expected = sum((2 * i + 1) * int(w.sum(dtype=object)) for i, w in enumerate(words)) % 2**32
  assert fingerprint(place(STATE, devices, fsdp)) == expected


@pytest.mark.parametrize("bit", [0, 17, 31])
def test_any_flipped_bit_changes_it(bit):
  flipped = STATE["kernel"].copy()
  flipped.view(np.uint32)[3, 5] ^= np.uint32(1 << bit)
  changed = STATE | {"kernel": flipped}
  assert fingerprint(place(changed, 1, 1)) != fingerprint(place(STATE, 1, 1))


def test_two_leaves_that_change_places_change_it():
  a, b = np.float32([1, 2]), np.float32([3, 4])
  assert fingerprint(place([a, b], 1, 1)) != fingerprint(place([b, a], 1, 1))
