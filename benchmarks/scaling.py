"""One training step on 1, 2, 4, 8 devices, where they exist: its time, and the same result.

  python -m benchmarks.scaling [--backbone=efficientnet_lite0] [--size=112] [--batch=16] [--steps=5]
  JAX_NUM_CPU_DEVICES=8 python -m benchmarks.scaling        fake devices: only the results count

The batch is per device (weak scaling), except in the column of differences: there all devices
share the batch of one, padded where it does not divide. Fake CPU devices share the cores, so their
times say nothing and are left out.
"""

import argparse
import time
from typing import NamedTuple

import jax
import numpy as np

from paiaa_jax.models.network import BACKBONES, Network
from paiaa_jax.training import optim, sharding
from paiaa_jax.training.step import create_state, make_train_step
from paiaa_jax.types import Batch


def make_batch(images: int, size: int) -> Batch:
  """A joint batch of noise: even rows have a distribution, odd rows traits."""
  random = np.random.default_rng(0)
  even = (np.arange(images) % 2 == 0).astype(np.float32)
  return Batch(
    image=random.integers(0, 256, (images, size, size, 3), np.uint8),
    distribution=random.dirichlet(np.ones(10), images).astype(np.float32),
    aux=random.uniform(-1, 1, (images, 5)).astype(np.float32),
    has_distribution=even,
    has_aux=1 - even,
    index=np.arange(images, dtype=np.int32),
  )


class Measured(NamedTuple):
  """Of one mesh: the second step's loss, seconds a step after it, bytes of state a device."""

  loss: float
  seconds: float
  held: int


def measure(network, optimizer, variables, batch: Batch, mesh, steps: int) -> Measured:
  """Two steps, and `steps` timed ones."""
  state = create_state(variables, optimizer, ema=False, seed=0)
  state = jax.device_put(state, sharding.state_sharding(state, mesh), may_alias=False)
  held = sharding.bytes_per_device(state)
  images = len(batch.index)
  step = sharding.jit_train_step(make_train_step(network, optimizer), state, mesh, images)
  padding = sharding.padded_size(images, mesh) - images
  batch = jax.tree.map(lambda x: np.pad(x, [(0, padding)] + [(0, 0)] * (x.ndim - 1)), batch)
  batch = sharding.put_batch(batch, mesh)
  state, _ = step(state, batch)
  state, metrics = step(state, batch)
  loss = float(metrics["loss"])
  start = time.perf_counter()
  for _ in range(steps):
    state, _ = step(state, batch)
  jax.block_until_ready(state)
  return Measured(loss, (time.perf_counter() - start) / steps, held)


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("--backbone", default="efficientnet_lite0", choices=BACKBONES)
  parser.add_argument("--size", type=int, default=112, help="pixels")
  parser.add_argument("--batch", type=int, default=16, help="images a device")
  parser.add_argument("--steps", type=int, default=5, help="timed steps")
  parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
  parser.add_argument("--fsdp", action="store_true", help="shard the state over all devices")
  options = parser.parse_args()

  network = Network(options.backbone, num_buckets=10, dtype=options.dtype)
  schedule = optim.make_schedule("constant", decay=1.0, steps_per_epoch=1, total_steps=1)
  optimizer = optim.make_optimizer("sgd", schedule, lr_backbone=1e-3, lr_heads=1e-3)
  image = np.zeros((1, options.size, options.size, 3), np.uint8)
  variables = jax.device_get(jax.jit(network.init)(jax.random.key(0), image))

  fake = jax.default_backend() == "cpu"
  print(f"{options.backbone} {options.size} px {options.dtype}, {jax.devices()[0].device_kind}")
  print("devices  state MiB/device  loss against 1 device  ms/step  images/s")
  alone = None
  for count in (n for n in (1, 2, 4, 8) if n <= len(jax.devices())):
    mesh = sharding.make_mesh(count if options.fsdp else 1, jax.devices()[:count])
    parts = (network, optimizer, variables)
    shared = measure(*parts, make_batch(options.batch, options.size), mesh, 1)
    alone = alone or shared.loss
    line = f"{count:7} {shared.held / 2**20:17.1f}  {shared.loss / alone - 1:+21.1e}"
    if not fake:
      images = options.batch * count
      grown = measure(*parts, make_batch(images, options.size), mesh, options.steps)
      line += f"  {1e3 * grown.seconds:7.1f} {images / grown.seconds:9.0f}"
    print(line, flush=True)


if __name__ == "__main__":
  main()
