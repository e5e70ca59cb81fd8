"""One program on 1 CPU, 8 GPUs or many hosts: a mesh, shardings, `jax.jit`.

The mesh has axes ("data", "fsdp"). A batch is split over both; the state is replicated over
"data" and, where fsdp > 1, each leaf is split over "fsdp" along its longest divisible axis.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P
from jax.stages import Wrapped
from orbax.checkpoint import multihost

from paiaa_jax.errors import UserError
from paiaa_jax.models.platform import compiler_options
from paiaa_jax.types import Batch

AXES = ("data", "fsdp")
COMPILE_TIMEOUT_MS = 3_600_000  # how long the first process to compile waits for the last


def make_mesh(fsdp: int = 1, devices: list | None = None) -> Mesh:
  """A mesh over all devices of all processes (or over `devices`).

  A process's devices lie side by side, as the rows of a batch do; `jax.make_mesh` would follow a
  TPU slice's wiring instead, and mix the processes' rows.

  Raises:
    UserError: where fsdp does not divide the number of devices.
  """
  devices = devices or sorted(jax.devices(), key=lambda d: (d.process_index, d.id))
  if fsdp < 1 or len(devices) % fsdp:
    raise UserError(f"train.fsdp={fsdp} does not divide {len(devices)} devices; choose a divisor.")
  grid = np.array(devices, object).reshape(len(devices) // fsdp, fsdp)
  return Mesh(grid, AXES, axis_types=(AxisType.Auto,) * 2)


def padded_size(batch_size: int, mesh: Mesh, streams: int = 1) -> int:
  """Rows a stream, `batch_size` or a few more, that all devices and processes share evenly."""
  multiple = math.lcm(mesh.size // math.gcd(mesh.size, streams), jax.process_count())
  return -(-batch_size // multiple) * multiple


def replicated(mesh: Mesh) -> NamedSharding:
  """Every device holds the whole array."""
  return NamedSharding(mesh, P())


def batch_sharding(mesh: Mesh) -> NamedSharding:
  """The leading axis is split over all devices."""
  return NamedSharding(mesh, P(AXES))


def state_sharding(state: Any, mesh: Mesh) -> Any:
  """A NamedSharding for each leaf (array or ShapeDtypeStruct) of `state`."""
  shards = mesh.shape["fsdp"]

  def of_leaf(leaf) -> NamedSharding:
    axes = [i for i, size in enumerate(leaf.shape) if size % shards == 0 and size >= shards]
    if shards == 1 or not axes:
      return replicated(mesh)
    longest = max(axes, key=lambda i: leaf.shape[i])
    return NamedSharding(mesh, P(*(("fsdp" if i == longest else None) for i in range(leaf.ndim))))

  return jax.tree.map(of_leaf, state)


def abstract(state: Any, mesh: Mesh) -> Any:
  """Shape, type and sharding of each leaf: what a checkpoint is restored onto."""
  shardings = state_sharding(state, mesh)
  return jax.tree.map(
    lambda leaf, sharding: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding),
    state,
    shardings,
  )


def put_batch(batch: Batch, mesh: Mesh) -> Batch:
  """This process's rows of a batch -> the global batch, split over all devices of all processes."""
  sharding = batch_sharding(mesh)
  return jax.tree.map(lambda rows: jax.make_array_from_process_local_data(sharding, rows), batch)


def put_ahead(batches: Iterator[Batch], mesh: Mesh) -> Generator[tuple[Batch, Batch]]:
  """Each of endless batches, on the host and by `put_batch`; on a thread, one ahead of its use."""

  def take() -> tuple[Batch, Batch]:
    batch = next(batches)
    return batch, put_batch(batch, mesh)

  with ThreadPoolExecutor(1) as thread:
    coming = thread.submit(take)
    while True:
      taken = coming.result()
      coming = thread.submit(take)
      yield taken


def jit_train_step(train_step: Callable, state: Any, mesh: Mesh, images: int) -> Wrapped:
  """(state, batch) -> (state, metrics): the state is donated, metrics are replicated.

  The step sees the first `images` rows of the batch alone; those after them pad it so that it can
  be put onto the devices. What is inside a program may be split unevenly, and XLA sees to it that
  no sum (a loss, a BN statistic, a gradient) has more rows in it than there are.
  """
  shardings = state_sharding(state, mesh)

  @functools.wraps(train_step)  # its name in profiles
  def without_padding(state, batch):
    images_only = jax.tree.map(lambda rows: rows[:images], batch)
    return train_step(state, jax.lax.with_sharding_constraint(images_only, batch_sharding(mesh)))

  return jax.jit(
    without_padding,
    in_shardings=(shardings, batch_sharding(mesh)),
    out_shardings=(shardings, replicated(mesh)),
    donate_argnums=0,
    compiler_options=compiler_options(),
  )


def compile_together(jitted: Wrapped, *arguments: Any) -> Callable:
  """Compiles a jitted function for arguments like these (arrays, or their shapes and types).

  Processes compile at their own pace, and wait here for the slowest, by the coordinator: a
  collective of the first step would not wait as long.
  """
  compiled = jitted.lower(*arguments).compile()
  if jax.process_count() > 1:
    wait = multihost.get_barrier_sync_fn()
    wait(key="compiled", timeout_ms=COMPILE_TIMEOUT_MS)
  return compiled


def jit_eval_step(eval_step: Callable, params: Any, batch_stats: Any, mesh: Mesh) -> Wrapped:
  """(params, batch_stats, batch) -> results that every process holds whole."""
  shardings = (
    state_sharding(params, mesh),
    state_sharding(batch_stats, mesh),
    batch_sharding(mesh),
  )
  return jax.jit(
    eval_step,
    in_shardings=shardings,
    out_shardings=replicated(mesh),
    compiler_options=compiler_options(),
  )


def gather(tree: Any, mesh: Mesh) -> Any:
  """The whole of each array as numpy, on every process."""
  if jax.process_count() > 1:
    tree = jax.jit(lambda leaves: leaves, out_shardings=replicated(mesh))(tree)
  return jax.tree.map(np.asarray, jax.device_get(tree))


def bytes_per_device(tree: Any) -> int:
  """Bytes that one device holds of `tree`, read off the arrays' shardings."""
  leaves: Iterable[jax.Array] = jax.tree.leaves(tree)
  return sum(int(np.prod(x.sharding.shard_shape(x.shape))) * x.dtype.itemsize for x in leaves)
