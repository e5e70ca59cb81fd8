"""What a network is traced for: on the CPU and on a GPU, XLA wants some operations written anew."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Generator

import jax

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
