"""What comes before a verb: what numpy and jax read when they are imported, and the library."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
  from paiaa_jax.photos.library import Library


def library(
  paths: list[Path],
  model: str | None,
  batch_size: int,
  recursive: bool,
  cache: Path | None,
  features: Path | None = None,
) -> Library:
  """The photographs of these paths under the model that was asked for."""
  from paiaa_jax.photos import cache as caches

  keep_compiled(Path(cache or caches.default_path()))
  from paiaa_jax.photos import own_vectors
  from paiaa_jax.photos.library import Library

  own = own_vectors.read(features) if features else None
  options = {"batch_size": batch_size, "recursive": recursive, "cache": cache, "vectors": own}
  return Library.open(paths, model, **options)


def one_thread() -> None:
  """Before numpy is imported: OpenBLAS's threads wait for each other where others use the cores.

  Learning a taste takes many small products. A refit of the page, 100 ratings and 10,000
  photographs, took 0.17 s with one thread and 20 s with two, on two cores that others used too.
  """
  os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def keep_compiled(cache: Path) -> None:
  """Before jax is imported, which reads it then: a network is compiled once on a machine."""
  beside = cache.expanduser().parent
  os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(beside / "compiled"))
