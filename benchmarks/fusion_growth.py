"""Stage 2 from a thousand users to a million, 100 ratings each: time and memory of one more user.

    python -m benchmarks.fusion_growth [--most=1000000]

`fit` takes blocks in memory to posterior weights; `whole` also lays ragged rows out into blocks, as
launch.personalize does. The floor is bytes (each input read once, each output written once) over
what this machine itself copies in a second, measured beside each row.
"""

from __future__ import annotations

import resource
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from absl import app, flags
from rich.console import Console
from rich.table import Table

from benchmarks import ratios
from benchmarks.fusion import measure
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
  return 2 * source.nbytes / _fastest(lambda: jax.block_until_ready(copy(source)), 10)[0]


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
  size = len(laid_out[0])  # users a block, the same for any number of users
  jax.block_until_ready(fit(laid_out[0], prior))
  bytes_ = 4 * (RATINGS * COLUMNS + WEIGHTS + WEIGHTS**2 + 2)
  table = []
  for users in (10**power for power in range(3, 1 + round(np.log10(most)))):
    shards = max(users // SHARD, 1)
    share = blocks.Rows(rows.columns, rows.starts[: min(users, SHARD) + 1])
    part = laid_out[: -(-min(users, SHARD) // size)]

    def fit_blocks(shards=shards, part=part):
      for _ in range(shards):
        jax.block_until_ready([fit(block, prior) for block in part])

    def whole(shards=shards, share=share):
      for _ in range(shards):
        for _, posterior in blocks.fit_rows(fit, share, prior):
          np.asarray(posterior.mean)

    turns = max(3, min(50, 200_000 // users))
    seconds, entire = (_fastest(run, turns) / users for run in (fit_blocks, whole))
    floor = bytes_ / bandwidth()  # at the same time as the rest: others use the memory too
    table.append(
      {
        "users": users,
        "fit, us a user": 1e6 * seconds[0],
        "CPU, us": 1e6 * seconds[1],
        "floor, us": 1e6 * floor,
        "fit / floor": seconds[0] / floor,
        "whole, us a user": 1e6 * entire[0],
        "its CPU, us": 1e6 * entire[1],
        "whole / floor": entire[0] / floor,
        "peak memory, MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
      }
    )
  return table


def _fastest(run: Callable, turns: int) -> np.ndarray:
  """Wall seconds of the fastest turn, CPU seconds of the leanest."""
  return np.min([measure(run) for _ in range(turns)], axis=0)


def main(_) -> None:
  rows = grow(FLAGS.most)
  table = Table(*rows[0], title=f"{RATINGS} ratings a user, {TRAITS} traits")
  for row in rows:
    table.add_row(*(f"{value:,.3g}" if value < 1000 else f"{value:,.0f}" for value in row.values()))
  console = Console()
  console.print(table)
  console.print(ratios.machine())
  found = []
  for row in rows:
    for what in ("fit", "whole"):
      name = f"{what}, {row['users']:,} users of {RATINGS} ratings"
      took = 1e-3 * row[f"{what}, us a user"] * row["users"]
      found.append(ratios.Ratio(name, "floor: bytes", took, 1 / row[f"{what} / floor"]))
  ratios.save("fusion_growth", found)


if __name__ == "__main__":
  flags.DEFINE_integer("most", 1_000_000, "Users at the end.")
  app.run(main)
