"""Where a training step's or a scoring call's time goes on the CPU, by kind of operation.

  python -m benchmarks.step_profile [--backbone=efficientnet_lite0] [--images=32] [--size=112]
  python -m benchmarks.step_profile --score

Each of `--rounds` calls is traced by jax's profiler; of an operation the fastest of them counts, as
a shared machine only ever adds time. Kinds are read from the names that XLA keeps of what was
traced; a fusion is of the kind of its last operation. Operations may run at the same time, so that
their sum is larger than the call by the clock. Beside products stands their floor: operations over
what a large matrix product reaches here, on one core as the rest is.
"""

from __future__ import annotations

import argparse
import collections
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np

from benchmarks import ratios, step_floor
from benchmarks.fusion import measure
from benchmarks.train_step import (
  BUCKETS,
  compile_step,
  random_variables,
  starter,
  synthetic_batch,
)
from paiaa_jax.models.network import BACKBONES, Network
from paiaa_jax.models.predictor import one_by_one

NAMED = re.compile(r'^ *(?:ROOT )?%([\w.-]+) = (?:.*metadata=\{op_name="([^"]*)")?', re.MULTILINE)
HOLDERS = re.compile(r"^(while|call|conditional)\b")  # their time is that of what they hold
KINDS = (
  ("convolutions", re.compile(r"conv_general_dilated")),
  ("matrix products", re.compile(r"dot_general")),
  ("BN", re.compile(r"/(bn|norm\w*)/|_batch_statistics")),
  ("joining branches", re.compile(r"concatenate|/slice|split")),
)
REST = "windows, activations and the rest"


def kinds_of(program: str) -> dict[str, str]:
  """Name of each operation of a compiled program's text -> its pass and kind."""
  return {name: _kind(path) for name, path in NAMED.findall(program)}


def _kind(path: str) -> str:
  if not path:
    return "copies and transposes"
  what = next((kind for kind, pattern in KINDS if pattern.search(path)), REST)
  if "transpose(" in path:
    return f"backward: {what}"
  return f"forward: {what}" if "jvp(" in path or "train_step" not in path else "optimiser"


def traced(call: Callable[[], object], names: set[str]) -> tuple[float, dict[str, float]]:
  """(seconds by the clock, seconds of each operation in `names`) of one call."""
  options = jax.profiler.ProfileOptions()
  options.python_tracer_level = 0
  with tempfile.TemporaryDirectory() as folder:
    with jax.profiler.trace(folder, profiler_options=options):
      begin = time.perf_counter()
      jax.block_until_ready(call())
      wall = time.perf_counter() - begin
    (path,) = Path(folder).rglob("*.xplane.pb")
    planes = jax.profiler.ProfileData.from_file(str(path)).planes
  seconds: dict[str, float] = collections.defaultdict(float)
  for line in (line for plane in planes for line in plane.lines):
    for event in line.events:
      if event.name in names and not HOLDERS.match(event.name):
        seconds[event.name] += 1e-9 * event.duration_ns
  return wall, seconds


def core_flops(side: int = 1024) -> float:
  """FLOPs of a [side, side] matrix product in a second of CPU time, the leanest of ten."""
  matrix = jax.random.normal(jax.random.key(0), (side, side))
  product = jax.jit(lambda x: x @ x)
  seconds = [measure(lambda: jax.block_until_ready(product(matrix)))[1] for _ in range(10)]
  return 2 * side**3 / min(seconds)


def train_call(network: Network, images: int, size: int) -> tuple[Callable, str]:
  """(one training step, its compiled program's text)."""
  compiled, state, batch = compile_step(network, synthetic_batch(images, size))
  return starter(compiled, state, batch), compiled.as_text() or ""


def score_call(network: Network, images: int, size: int) -> tuple[Callable, str]:
  """(one call of the predictor's program, its compiled text)."""
  pixels = synthetic_batch(images, size).image
  variables = jax.device_put(random_variables(network, pixels.shape[1:]))
  score = jax.jit(lambda *arguments: one_by_one(network, *arguments))
  compiled = score.lower(variables, pixels).compile()
  return lambda: compiled(variables, pixels), compiled.as_text() or ""


def main() -> None:
  parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
  parser.add_argument("--backbone", default="efficientnet_lite0", choices=BACKBONES)
  parser.add_argument("--images", type=int, default=32)
  parser.add_argument("--size", type=int, default=112, help="pixels")
  parser.add_argument("--score", action="store_true", help="a call of the predictor's program")
  parser.add_argument("--rounds", type=int, default=5)
  given = parser.parse_args()
  network = Network(given.backbone, BUCKETS)
  make = score_call if given.score else train_call
  call, program = make(network, given.images, given.size)
  kinds = kinds_of(program)
  jax.block_until_ready(call())
  walls, rounds = zip(*(traced(call, set(kinds)) for _ in range(given.rounds)), strict=True)
  sums: dict[str, float] = collections.defaultdict(float)
  for name in set().union(*rounds):
    sums[kinds[name]] += min(found[name] for found in rounds if name in found)
  total = sum(sums.values())
  for kind, seconds in sorted(sums.items(), key=lambda pair: -pair[1]):
    print(f"{kind:48}{1e3 * seconds:9.2f} ms{seconds / total:8.1%}")
  flops = given.images * step_floor.count(network, given.size).flops / (3 if given.score else 1)
  floor = flops / core_flops()
  print(f"{'all, one after the other':48}{1e3 * total:9.2f} ms")
  print(f"{'floor of convolutions and products':48}{1e3 * floor:9.2f} ms{floor / total:8.1%}")
  print(f"by the clock {1e3 * np.min(walls):.2f} ms; {ratios.machine()}")


if __name__ == "__main__":
  main()
