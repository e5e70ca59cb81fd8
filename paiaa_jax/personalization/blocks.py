"""Fits of very many users, one each, from ragged rows of ratings: blocks of a fixed size in turn.

Rows sorted by user are laid into blocks [u, n] of users with about as many ratings each: n is a
power of two, u * n the same for every block. So memory is that of a few blocks, whatever the number
of users, and there is one compiled program for each n. Devices of a mesh take users in equal parts.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec

from paiaa_jax.personalization.linear import Moments
from paiaa_jax.personalization.prior import Posterior, Prior, fit_posterior
from paiaa_jax.types import Array

SMALLEST = 16  # ratings; nobody's row is shorter
UNROLL = 8  # ratings a step of the CPU's loop, a divisor of SMALLEST
# u * n of a block, padding included. On a CPU a block stays in a core's cache (1.8 MB with five
# auxiliary outputs); elsewhere it is worth its launch (28 MB).
BLOCK_RATINGS_CPU, BLOCK_RATINGS = 2**16, 2**20
IN_FLIGHT = 3  # blocks: the device is never idle while one is laid out


class Rows(NamedTuple):
  """m ratings sorted by user.

  Attributes:
    columns: [m, d + 1] float32: k auxiliary outputs, 1, and the rating less the generic score.
    starts: [u + 1] int64, rows starts[i] to starts[i + 1] are user i's.
  """

  columns: np.ndarray
  starts: np.ndarray


def lay_out(
  rows: Rows, block_ratings: int | None = None, devices: int = 1
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
  """Yields (users [v] of a block, their columns [u, n, d + 1]); zeros pad ratings and users.

  `devices` divides u. By default u * n is what suits the device.
  """
  if block_ratings is None:
    block_ratings = BLOCK_RATINGS_CPU if jax.default_backend() == "cpu" else BLOCK_RATINGS
  columns, width = rows.columns.reshape(-1).data, rows.columns.shape[1]
  counts = np.diff(rows.starts)
  widths = SMALLEST * 2 ** np.ceil(np.log2(np.maximum(counts, 1) / SMALLEST)).clip(0).astype(int)
  for n in np.unique(widths):
    users = np.flatnonzero(widths == n)
    u = devices * max(block_ratings // (n * devices), 1)
    for first in range(0, len(users), u):
      some = users[first : first + u]
      block = np.zeros((u, n, width), np.float32)
      own = block.reshape(-1).data  # slices of a memoryview take half the time of an array's
      starts, ends = ((rows.starts[at] * width).tolist() for at in (some, some + 1))
      for to, start, end in zip(range(0, block.size, n * width), starts, ends, strict=False):
        own[to : to + end - start] = columns[start:end]
      yield some, block


def fit_block(block: Array, prior: Prior) -> Posterior:
  """Posteriors of u users, leading axis u, from columns [u, n, d + 1]."""
  return _fit(jnp.moveaxis(_sums(block), 0, -1), prior)


def fit_block_innermost(block: Array, prior: Prior) -> Posterior:
  """The same from columns [n, d + 1, u], rating after rating: what suits a CPU's vectors."""
  n, width, u = block.shape

  def add(step, sums):
    for x in jax.lax.dynamic_slice_in_dim(block, UNROLL * step, UNROLL):
      sums = sums + x[:, None, :] * x[None, :, :]
    return sums

  start = jnp.zeros((width, width, u), jnp.float32)
  return _fit(jax.lax.fori_loop(0, n // UNROLL, add, start), prior)


def _fit(sums: Array, prior: Prior) -> Posterior:
  """Posteriors of u users, leading axis u, from sums [d + 1, d + 1, u] of products of columns."""
  fits = jax.vmap(fit_posterior, in_axes=(-1, None), out_axes=-1)(_moments(sums), prior)
  return jax.tree.map(lambda leaf: jnp.moveaxis(leaf, -1, 0), fits)


def moments_of_block(block: Array) -> Moments:
  """Moments of u users, leading axis u; a row of zeros counts for nothing."""
  return jax.vmap(_moments)(_sums(block))


def _sums(block: Array) -> Array:
  return jnp.einsum("uni,unj->uij", block, block, precision="highest")


def _moments(sums: Array) -> Moments:
  d = len(sums) - 1
  return Moments(sums[:d, :d], sums[:d, d], sums[d, d], sums[d - 1, d - 1])


def compile_fit(devices: list[jax.Device]) -> Callable[[Array, Prior], Posterior]:
  """fit_block, jitted: users in equal parts on the devices, the prior on each."""
  mesh = jax.make_mesh((len(devices),), ("users",), devices=devices)
  by_user, innermost, everywhere = (
    NamedSharding(mesh, PartitionSpec(*axes)) for axes in (("users",), (None, None, "users"), ())
  )
  if devices[0].platform != "cpu":
    return jax.jit(fit_block, in_shardings=(by_user, everywhere), out_shardings=by_user)
  fit = jax.jit(fit_block_innermost, in_shardings=(innermost, everywhere), out_shardings=by_user)
  # a numpy block is transposed on its way to the device, faster than by XLA or numpy
  return lambda block, prior: fit(block.transpose(1, 2, 0), prior)


def fit_rows(
  fit: Callable[[Array, Prior], Posterior], rows: Rows, prior: Prior
) -> Iterator[tuple[np.ndarray, Posterior]]:
  """Yields (users [v] of a block, their posteriors, leading axis u); `fit` from `compile_fit`."""
  waiting: collections.deque[tuple[np.ndarray, Posterior]] = collections.deque()
  for users, block in lay_out(rows, devices=jax.local_device_count()):
    waiting.append((users, fit(block, prior)))
    if len(waiting) == IN_FLIGHT:
      yield jax.block_until_ready(waiting.popleft())
  yield from waiting
