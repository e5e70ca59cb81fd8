"""The options of `paiaa rank`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paiaa_jax.cli import start
from paiaa_jax.cli.options import (
  BatchSize,
  CachePath,
  Model,
  Output,
  Paths,
  ProfilePath,
  Recursive,
  Vectors,
)


def rank(  # noqa: PLR0913 each parameter is an option of the command
  paths: Paths,
  profile: ProfilePath,
  output: Output = None,
  top: Annotated[int, typer.Option(min=0, help="How many; 0: all.")] = 50,
  within_bursts: Annotated[
    bool, typer.Option("--within-bursts", help="The best take of each burst first.")
  ] = False,
  html: Annotated[Path | None, typer.Option(help="A page of pictures too, one .html file.")] = None,
  copy_to: Annotated[Path | None, typer.Option(help="Copy them into this new folder.")] = None,
  features: Vectors = None,
  model: Model = None,
  batch_size: BatchSize = 32,
  recursive: Recursive = False,
  cache: CachePath = None,
) -> None:
  """Photographs in the order of your taste."""
  start.one_thread()
  from paiaa_jax.photos import verbs

  library = start.library(paths, model, batch_size, recursive, cache, features)
  verbs.rank(library, profile, top, within_bursts, output, html, copy_to)
