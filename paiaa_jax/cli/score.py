"""The options of `paiaa score`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paiaa_jax.cli import start
from paiaa_jax.cli.options import BatchSize, CachePath, Model, Output, Paths, Recursive


def score(  # noqa: PLR0913 each parameter is an option of the command
  paths: Paths,
  output: Output = None,
  model: Model = None,
  batch_size: BatchSize = 32,
  recursive: Recursive = False,
  cache: CachePath = None,
  strict: Annotated[bool, typer.Option("--strict", help="Exit code 1 if a file was bad.")] = False,
  html: Annotated[Path | None, typer.Option(help="A page of the best too, one .html file.")] = None,
  top: Annotated[int, typer.Option(min=0, help="How many on the page; 0: all.")] = 50,
) -> None:
  """Scores, their distribution, and traits.

  A row for each photograph, a bad file's error too. On a terminal the best are shown; -o or a pipe
  gets every row.
  """
  from paiaa_jax.photos import verbs

  library = start.library(paths, model, batch_size, recursive, cache)
  bad = verbs.score(library, output, html, top)
  if strict and bad:
    raise typer.Exit(1)
