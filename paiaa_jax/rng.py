"""Randomness by seed, name and step.

Adding a stream never shifts another, and a resumed run draws what it would have drawn.
"""

from __future__ import annotations

import zlib

import jax
import numpy as np


def key(seed, name: str, *steps) -> jax.Array:
  """A jax key for the stream `name`; `seed` and `steps` (folded in, in order): ints or traced."""
  stream = jax.random.fold_in(jax.random.key(seed), zlib.crc32(name.encode()))
  for step in steps:
    stream = jax.random.fold_in(stream, step)
  return stream


def generator(seed: int, name: str, *steps: int) -> np.random.Generator:
  """The same for numpy code: a generator of its own for (seed, name, steps)."""
  return np.random.default_rng([seed, zlib.crc32(name.encode()), *steps])
