"""The options of `paiaa stars`."""

from __future__ import annotations

from typing import Annotated

import typer

from paiaa_jax.cli import start
from paiaa_jax.cli.options import (
  BatchSize,
  CachePath,
  Model,
  Paths,
  ProfilePath,
  Recursive,
  Vectors,
)


def stars(
  paths: Paths,
  profile: ProfilePath,
  write: Annotated[bool, typer.Option("--write", help="Write sidecars; else only tell.")] = False,
  features: Vectors = None,
  model: Model = None,
  batch_size: BatchSize = 32,
  recursive: Recursive = False,
  cache: CachePath = None,
) -> None:
  """Predicted stars for XMP sidecars.

  A rating of your own is never touched, nor an image file; nothing is written without --write.
  """
  start.one_thread()
  from paiaa_jax.photos import verbs

  library = start.library(paths, model, batch_size, recursive, cache, features)
  verbs.stars(library._replace(pairs=True), profile, write)  # each file has a sidecar of its own
