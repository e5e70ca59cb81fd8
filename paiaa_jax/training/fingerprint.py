"""A number by which a restored state is known to be the saved one, bit for bit."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils


def fingerprint(state: Any) -> int:
  """A number below 2^32 that changes with any one bit of the state, and not with its sharding.

  The sum of the leaves' 32-bit words, each leaf's times an odd number of its own. Computed on the
  host, where a save needs the state anyway: as a program it would take seconds to compile. Sums
  of 32 bits overflow as the result does, and take a third of the time of 64.

  Args:
    state: leaves of a 32-bit type, on the devices of all processes; each calls, and gets the same.
  """
  total = 0
  for place, leaf in enumerate(jax.tree.leaves(state)):
    for shard in leaf.addressable_shards:
      if shard.replica_id == 0:  # one of the devices that hold the same
        words = np.asarray(shard.data).view(np.uint32)
        total += (2 * place + 1) * int(words.sum(dtype=np.uint32))
  total %= 2**32
  if jax.process_count() > 1:
    total = int(np.sum(multihost_utils.process_allgather(np.uint32(total)), dtype=np.uint64))
  return total % 2**32
