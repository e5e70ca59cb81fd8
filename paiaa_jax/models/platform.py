"""What a network is traced for: on the CPU and on a GPU, XLA wants some operations written anew."""

from __future__ import annotations

import contextlib
import contextvars
import functools
from collections.abc import Generator

import jax

_OPTIONS = {
  # All that jaxlib 0.10 gives to YNNPACK but convolutions: it takes those of few channels on one
  # core, where XLA's own share all cores.
  "xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT,"
  "LIBRARY_FUSION_TYPE_REDUCE",
  # It takes jax.checkpoint's barriers away, and what was to be computed again is kept after all.
  "xla_disable_hlo_passes": "cse_barrier_expander",
}
_elsewhere = contextvars.ContextVar("elsewhere", default=False)


def is_xla_cpu() -> bool:
  """Whether what is being traced will run by XLA on the CPU."""
  return jax.default_backend() == "cpu" and not _elsewhere.get()


def is_xla_gpu() -> bool:
  """Whether what is being traced will run by XLA on a GPU."""
  return jax.default_backend() == "gpu" and not _elsewhere.get()


@contextlib.contextmanager
def traced_for_elsewhere() -> Generator[None]:
  """Inside, networks are traced for other machines and runtimes, whatever this one is."""
  token = _elsewhere.set(True)
  try:
    yield
  finally:
    _elsewhere.reset(token)


def compiler_options() -> dict[str, str]:
  """For `jax.jit` of a program with convolutions of whole batches; {} where XLA knows none."""
  return _OPTIONS if is_xla_cpu() and _are_known() else {}


@functools.cache
def _are_known() -> bool:
  """Whether this jaxlib takes the options: one of before 0.10 or a later one may not."""
  if jax.__version_info__ < (0, 10):
    return False
  try:
    jax.jit(lambda: 0, compiler_options=_OPTIONS).lower().compile()
  except jax.errors.JaxRuntimeError:
    return False
  return True
