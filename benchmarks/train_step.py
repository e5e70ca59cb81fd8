"""Our jitted joint training step beside the same network in PyTorch, on this machine.

  python -m benchmarks.train_step [--backbone=inception_v3] [--images=8] [--dtype=float32]

All take the same synthetic uint8 batch, which lies on the device already: `images` rows, the two
streams counted together. They take turns of `--steps` steps (1 on the CPU; on a GPU 20, of which
the last is waited for, as in training); the figure is each one's fastest turn, as a shared machine
only ever adds time, and the middle one stands beside it. Utilisation is the model's FLOPs
(benchmarks.step_floor) over the fastest time and over what a large matrix product of the same type
reaches here. On a GPU torch also runs compiled; without torch, ours is timed alone. Of several
`--remat`, the first is ours and the others are peers.
"""

import os

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # torch needs memory beside us

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import ratios, step_floor
from paiaa_jax.models.backbones.base import REMAT
from paiaa_jax.models.network import BACKBONES, DTYPES, Network
from paiaa_jax.training import optim, sharding
from paiaa_jax.training.step import State, create_state, make_train_step
from paiaa_jax.types import TRAITS, Batch

BUCKETS, OURS = 10, "paiaa_jax"


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


def compile_step(network: Network, batch: Batch) -> tuple[jax.stages.Compiled, State, Batch]:
  """One step of ours, compiled, and what it takes, on the device."""
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
  return step.lower(state, batch).compile(), state, batch


def starter(compiled: jax.stages.Compiled, state: State, batch: Batch) -> Callable:
  """A function that starts one step and returns its loss."""

  def run() -> jax.Array:
    nonlocal state
    state, metrics = compiled(state, batch)
    return metrics["loss"]

  return run


def random_variables(network: Network, shape: tuple[int, ...]) -> dict:
  """Kernels of He's scale, ones elsewhere: time needs no more, and `init` compiles for a minute."""
  random, image = np.random.default_rng(0), jax.ShapeDtypeStruct((1, *shape), np.uint8)

  def draw(leaf) -> np.ndarray:
    if len(leaf.shape) < 2:
      return np.ones(leaf.shape, leaf.dtype)
    scale = np.sqrt(2 / np.prod(leaf.shape[:-1]))
    return random.normal(0, scale, leaf.shape).astype(leaf.dtype)

  return jax.tree.map(draw, jax.eval_shape(network.init, jax.random.key(0), image))


def torch_steps(backbone: str, batch: Batch, dtype: str) -> dict[str, Callable]:
  """Steps of PyTorch's; none where it or its network is not to be had."""
  try:
    from benchmarks import torch_reference
  except ImportError:
    return {}
  if not hasattr(torch_reference.import_torchvision().models, backbone):
    return {}
  steps = {"torch": torch_reference.make_step(backbone, batch, dtype, compiled=False)}
  if torch_reference.device() == "cuda":
    steps["torch.compile"] = torch_reference.make_step(backbone, batch, dtype, compiled=True)
  return steps


def matmul_flops(dtype: str, side: int) -> float:
  """FLOPs a second of a [side, side] matrix product of random numbers, the fastest of ten."""
  matrix = jax.random.normal(jax.random.key(0), (side, side), DTYPES[dtype])
  product = jax.jit(lambda x: x @ x)
  product(matrix).block_until_ready()
  return 2 * side**3 / min(timed(lambda: product(matrix).block_until_ready()) for _ in range(10))


def copied_bytes() -> float:
  """Bytes a second of adding 1 to an array larger than any cache, read and write both counted."""
  array = jnp.ones(2**28 if jax.default_backend() != "cpu" else 2**26)
  add = jax.jit(lambda x: x + 1)
  add(array).block_until_ready()
  seconds = min(timed(lambda: add(array).block_until_ready()) for _ in range(10))
  return 2 * array.nbytes / seconds


def timed(function: Callable) -> float:
  begin = time.perf_counter()
  function()
  return time.perf_counter() - begin


def take_turns(
  starts: dict[str, Callable], rounds: int, steps: int
) -> dict[str, list[tuple[float, float]]]:
  """Wall and CPU seconds a step in each of `rounds` turns of `steps`; the first two are dropped."""

  def turn(start: Callable) -> None:
    for _ in range(steps):
      loss = start()
    float(loss)  # waits for all that was started

  times = {name: [] for name in starts}
  for i in range(rounds + 2):
    for name, start in starts.items():
      cpu = time.process_time()
      seconds = timed(lambda start=start: turn(start))
      if i >= 2:
        times[name].append((seconds / steps, (time.process_time() - cpu) / steps))
  return times


def main():
  parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
  parser.add_argument("--backbone", default="inception_v3", choices=BACKBONES)
  parser.add_argument("--images", type=int, default=8, help="both streams together")
  parser.add_argument("--size", type=int, default=0, help="pixels; 0: the backbone's own")
  parser.add_argument("--dtype", default="float32", choices=DTYPES)
  parser.add_argument("--remat", nargs="+", default=["none"], choices=REMAT, help="see the module")
  parser.add_argument("--rounds", type=int, default=10)
  parser.add_argument("--steps", type=int, default=0, help="of a turn; 0: 1 on the CPU, else 20")
  given = parser.parse_args()
  on_cpu = jax.default_backend() == "cpu"
  size = given.size or BACKBONES[given.backbone].INPUT_SIZE
  batch = synthetic_batch(given.images, size)
  peak = matmul_flops(given.dtype, 2048 if on_cpu else 16384)
  bandwidth = copied_bytes()
  floor = step_floor.count(Network(given.backbone, BUCKETS, dtype=given.dtype), size)
  print(f"{jax.devices()[0].device_kind}, {given.backbone}, {given.dtype}, {given.images} images")
  print(f"matrix product {peak / 1e9:.0f} GFLOP/s, copy {bandwidth / 1e9:.0f} GB/s")
  print(
    f"an image: {floor.flops / 1e9:.2f} GFLOP, so {peak / floor.flops:.0f} images/s at most; "
    f"{floor.bytes / 1e6:.0f} MB, so {bandwidth / floor.bytes:.0f} images/s at most"
  )
  starts = {}
  for remat in given.remat:
    network = Network(given.backbone, BUCKETS, dtype=given.dtype, remat=remat)
    begin = time.perf_counter()
    compiled, state, placed = compile_step(network, batch)
    seconds, needs = time.perf_counter() - begin, cast(Any, compiled.memory_analysis())
    print(
      f"remat {remat}: compiled in {seconds:.1f} s; takes {needs.temp_size_in_bytes / 1e6:,.0f} MB "
      f"beside {needs.argument_size_in_bytes / 1e6:,.0f} MB of state and batch"
    )
    starts[f"remat {remat}" if starts else OURS] = starter(compiled, state, placed)
  starts |= torch_steps(given.backbone, batch, given.dtype)
  times = take_turns(starts, given.rounds, given.steps or (1 if on_cpu else 20))
  best = {name: np.min(seconds, axis=0) for name, seconds in times.items()}
  for name, (wall, cpu) in best.items():
    middle = statistics.median(seconds for seconds, _ in times[name])
    print(
      f"{name:14} {1e3 * wall:8.2f} ms (median {1e3 * middle:.2f}, CPU {1e3 * cpu:.2f}), "
      f"{given.images / wall:.2f} images/s, "
      f"utilisation {given.images * floor.flops / wall / peak:.1%}"
    )
  print(ratios.machine())
  ours = best.pop(OURS)
  what = f"a step of {given.backbone}, {size} px, {given.images} images, {given.dtype}"
  least = given.images * max(floor.flops / peak, floor.bytes / bandwidth)
  found = [ratios.Ratio(what, "floor: operations or bytes", 1e3 * ours[0], least / ours[0])]
  for name, seconds in best.items():
    print(f"ours / {name} {ours[0] / seconds[0]:.2f}, in CPU time {ours[1] / seconds[1]:.2f}")
    found.append(ratios.Ratio(what, name, 1e3 * ours[0], *(seconds / ours).tolist()))
  ratios.save("train_step", found)


if __name__ == "__main__":
  main()
