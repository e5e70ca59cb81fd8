"""The options of `paiaa suggest`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paiaa_jax.cli import start
from paiaa_jax.cli.options import BatchSize, CachePath, Model, Paths, Recursive


def suggest(  # noqa: PLR0913 each parameter is an option of the command
  paths: Paths,
  output: Annotated[Path, typer.Option("--output", "-o", help="A .csv to fill in.")],
  count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many photographs.")] = 20,
  rated: Annotated[Path | None, typer.Option(help="A table of those rated already.")] = None,
  html: Annotated[Path | None, typer.Option(help="A page of them too, one .html file.")] = None,
  model: Model = None,
  batch_size: BatchSize = 32,
  recursive: Recursive = False,
  cache: CachePath = None,
) -> None:
  """Which photographs to rate first."""
  start.one_thread()
  from paiaa_jax.photos import ratings, verbs

  done = ratings.read_paths(rated) if rated else []
  library = start.library(paths, model, batch_size, recursive, cache)
  verbs.suggest(library, done, count, output, html)
