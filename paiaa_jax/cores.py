"""The cores that this process may use: a job's share of its node, not all that the node has."""

from __future__ import annotations

import os


def own_cores() -> list[int]:
  """Their numbers; where the system does not tell (macOS, Windows), those of all cores."""
  if hasattr(os, "sched_getaffinity"):
    return sorted(os.sched_getaffinity(0))
  return list(range(os.cpu_count() or 1))


def count_cores() -> int:
  """How many they are."""
  return len(own_cores())
