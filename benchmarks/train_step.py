"""Our jitted joint training step beside the same network in PyTorch, on this machine.

  python -m benchmarks.train_step [--backbone=inception_v3] [--images=8] [--dtype=float32]

Both take the same synthetic uint8 batch, which lies on the device already: `images` rows, the two
streams counted together. They take turns, step by step; the figure is each one's fastest step, as
a shared machine only ever adds time, and the middle one stands beside it. Utilisation is the
model's FLOPs (three forward passes, a multiply-add counted as two) over the fastest time and over
what a large matrix product of the same type reaches here. Without torch, ours is timed alone.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from paiaa_jax.models.network import BACKBONES, DTYPES, Network
from paiaa_jax.training import optim, sharding
from paiaa_jax.training.step import create_state, make_train_step
from paiaa_jax.types import TRAITS, Batch

BUCKETS = 10


def synthetic_batch(images: int, size: int) -> Batch:
  """Rows alternate between an image with a score distribution and one with traits."""
  random = np.random.default_rng(0)
  row = np.arange(images)
  return Batch(
    image=random.integers(0, 256, (images, size, size, 3), np.uint8),
    distribution=random.dirichlet(np.ones(BUCKETS), images).astype(np.float32),
    aux=random.uniform(-1, 1, (images, len(TRAITS))).astype(np.float32),
    has_distribution=(row % 2 == 0).astype(np.float32),
    has_aux=(row % 2 == 1).astype(np.float32),
    index=row.astype(np.int32),
  )


def make_step(
  backbone: str, batch: Batch, dtype: str, remat: bool
) -> tuple[Callable[[], float], float, float]:
  """(one step of ours that waits for its loss, seconds to compile, the forward pass's FLOPs)."""
  network = Network(backbone, BUCKETS, dtype=dtype, remat=remat)
  schedule = optim.make_schedule("constant", decay=1.0, steps_per_epoch=1, total_steps=1)
  optimizer = optim.make_optimizer(
    "sgd", schedule, lr_backbone=1e-5, lr_heads=1e-4, momentum=0.9, weight_decay=1e-5
  )
  mesh = sharding.make_mesh()
  variables = random_variables(network, batch.image.shape[1:])
  state = create_state(variables, optimizer, ema=False, seed=0)
  images = len(batch.index)
  step = sharding.jit_train_step(make_train_step(network, optimizer), state, mesh, images)
  state = jax.device_put(state, sharding.state_sharding(state, mesh))
  batch = sharding.put_batch(batch, mesh)
  begin = time.perf_counter()
  compiled = step.lower(state, batch).compile()
  seconds = time.perf_counter() - begin
  cost = jax.jit(network.apply).lower(variables, batch.image).cost_analysis() or {}

  def run() -> float:
    nonlocal state
    state, metrics = compiled(state, batch)
    return float(metrics["loss"])

  return run, seconds, cost["flops"]


def random_variables(network: Network, shape: tuple[int, ...]) -> dict:
  """Kernels of He's scale, ones elsewhere: time needs no more, and `init` compiles for a minute."""
  random, image = np.random.default_rng(0), jax.ShapeDtypeStruct((1, *shape), np.uint8)

  def draw(leaf) -> np.ndarray:
    if len(leaf.shape) < 2:
      return np.ones(leaf.shape, leaf.dtype)
    scale = np.sqrt(2 / np.prod(leaf.shape[:-1]))
    return random.normal(0, scale, leaf.shape).astype(leaf.dtype)

  return jax.tree.map(draw, jax.eval_shape(network.init, jax.random.key(0), image))


def torch_step(backbone: str, batch: Batch, dtype: str) -> Callable[[], float] | None:
  """One step of PyTorch's, or None where it or its network is not to be had."""
  try:
    from benchmarks import torch_reference
  except ImportError:
    return None
  if not hasattr(torch_reference.import_torchvision().models, backbone):
    return None
  return torch_reference.make_step(backbone, batch, dtype)


def matmul_flops(dtype: str, side: int) -> float:
  """FLOPs a second of a [side, side] matrix product, the fastest of ten."""
  matrix = jnp.ones((side, side), DTYPES[dtype])
  product = jax.jit(lambda x: x @ x)
  product(matrix).block_until_ready()
  return 2 * side**3 / min(timed(lambda: product(matrix).block_until_ready()) for _ in range(10))


def timed(function: Callable) -> float:
  begin = time.perf_counter()
  function()
  return time.perf_counter() - begin


def take_turns(steps: dict[str, Callable], rounds: int) -> dict[str, list[float]]:
  """Seconds of each step, `rounds` each, one after the other; the first two of each are dropped."""
  times = {name: [] for name in steps}
  for i in range(rounds + 2):
    for name, step in steps.items():
      seconds = timed(step)
      if i >= 2:
        times[name].append(seconds)
  return times


def main():
  parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
  parser.add_argument("--backbone", default="inception_v3", choices=BACKBONES)
  parser.add_argument("--images", type=int, default=8, help="both streams together")
  parser.add_argument("--size", type=int, default=0, help="pixels; 0: the backbone's own")
  parser.add_argument("--dtype", default="float32", choices=DTYPES)
  parser.add_argument("--remat", action="store_true")
  parser.add_argument("--rounds", type=int, default=10)
  given = parser.parse_args()
  batch = synthetic_batch(given.images, given.size or BACKBONES[given.backbone].INPUT_SIZE)
  ours, compile_seconds, forward = make_step(given.backbone, batch, given.dtype, given.remat)
  steps = {"paiaa_jax": ours, "torch": torch_step(given.backbone, batch, given.dtype)}
  times = take_turns({name: step for name, step in steps.items() if step}, given.rounds)
  peak = matmul_flops(given.dtype, 2048 if jax.default_backend() == "cpu" else 16384)
  print(f"{jax.devices()[0].device_kind}, {given.backbone}, {given.dtype}, {given.images} images")
  flops = 3 * forward  # the gradient is two products for each of the forward pass
  print(f"compile {compile_seconds:.1f} s; {flops / 1e9 / given.images:.2f} GFLOP an image")
  print(f"matrix product {peak / 1e9:.0f} GFLOP/s")
  for name, seconds in times.items():
    best, middle = min(seconds), statistics.median(seconds)
    print(
      f"{name:10} {1e3 * best:8.1f} ms (median {1e3 * middle:.1f}), "
      f"{given.images / best:.2f} images/s, utilisation {flops / best / peak:.1%}"
    )
  if "torch" in times:
    print(f"ours / torch {min(times['paiaa_jax']) / min(times['torch']):.2f}")


if __name__ == "__main__":
  main()
