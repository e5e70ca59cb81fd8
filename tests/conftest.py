"""Test-wide: CPU, eight fake devices, no silent broadcasting, a persistent compile cache."""

import os
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import pytest

CACHE = Path(__file__).parents[1] / ".jax_cache"

jax.config.update("jax_num_cpu_devices", 8)
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_compilation_cache_dir", str(CACHE))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)  # many small programs add up


@pytest.fixture(scope="session")
def child_env():
  """Environment of a second process that runs as a user's would, sharing the compile cache."""
  cache = {
    "JAX_COMPILATION_CACHE_DIR": str(CACHE),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
  }
  return {**os.environ, "JAX_PLATFORMS": "cpu", **cache}
