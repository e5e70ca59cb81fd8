"""Stage 2 from a thousand users to a million, 100 ratings each: time and memory of one more user.

    python -m benchmarks.fusion_growth [--most=1000000]

`fit` takes blocks in memory to posterior weights; `whole` also lays ragged rows out into blocks.
The floor is bytes (each input read once, each output written once) over what this machine itself
copies in a second, measured in the same run.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from absl import app, flags
from rich.console import Console
from rich.table import Table

from paiaa_jax.personalization import blocks
from paiaa_jax.personalization.prior import Prior

TRAITS, RATINGS = 5, 100
SHARD = 20_000  # users in memory at once
COLUMNS = TRAITS + 2  # traits, 1 and the rating less the generic score
WEIGHTS = TRAITS + 1

FLAGS = flags.FLAGS


def bandwidth() -> float:
  """Bytes a second that all cores together move where each number is read and written once."""
  source = jax.device_put(np.ones(2**26, np.float32))
  copy = jax.jit(lambda values: values + 1)
  best = min(_seconds(lambda: jax.block_until_ready(copy(source))) for _ in range(10))
  return 2 * source.nbytes / best


def one_shard() -> blocks.Rows:
  """Ratings of SHARD users; every shard of a million users is this one again."""
  columns = np.random.default_rng(0).normal(size=(SHARD * RATINGS, COLUMNS)).astype(np.float32)
  columns[:, -2] = 1
  return blocks.Rows(columns, np.arange(SHARD + 1) * RATINGS)


def grow(most: int) -> list[dict[str, float]]:
  """A row for 1e3, 1e4 ... `most` users."""
  prior = Prior(jnp.zeros(WEIGHTS), jnp.eye(WEIGHTS), jnp.float32(1), jnp.float32(10))
  fit = blocks.compile_fit(jax.local_devices())
  rows = one_shard()
  laid_out = [block for _, block in blocks.lay_out(rows)]
  jax.block_until_ready(fit(laid_out[0], prior))
  speed = bandwidth()
  floor = 4 * (RATINGS * COLUMNS + WEIGHTS + WEIGHTS**2 + 2) / speed
  table = []
  for users in (10**power for power in range(3, 1 + round(np.log10(most)))):
    shards = max(users // SHARD, 1)
    share = blocks.Rows(rows.columns, rows.starts[: min(users, SHARD) + 1])
    part = [block[: min(users, len(block))] for block in laid_out]

    def fit_all(source, shards=shards):
      for _ in range(shards):
        jax.block_until_ready([fit(block, prior) for block in source()])

    fit_all(lambda part=part: part[:1])  # compiles where a block is smaller
    seconds = _seconds(lambda part=part: fit_all(lambda: part)) / users
    whole = _seconds(lambda s=share: fit_all(lambda: (b for _, b in blocks.lay_out(s)))) / users
    table.append(
      {
        "users": users,
        "fit, us a user": 1e6 * seconds,
        "times the floor": seconds / floor,
        "whole, us a user": 1e6 * whole,
        "peak memory, MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
      }
    )
  return table


def _seconds(run: Callable) -> float:
  start = time.perf_counter()
  run()
  return time.perf_counter() - start


def main(_) -> None:
  rows = grow(FLAGS.most)
  table = Table(*rows[0], title=f"{RATINGS} ratings a user, {TRAITS} traits")
  for row in rows:
    table.add_row(*(f"{value:,.3g}" if value < 1000 else f"{value:,.0f}" for value in row.values()))
  console = Console()
  console.print(table)
  console.print(
    f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, copies {bandwidth() / 1e9:.1f} GB/s"
  )


if __name__ == "__main__":
  flags.DEFINE_integer("most", 1_000_000, "Users at the end.")
  app.run(main)
