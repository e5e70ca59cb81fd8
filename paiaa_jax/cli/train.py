"""The options of `paiaa train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paiaa_jax import extras
from paiaa_jax.cli import start


def train(
  table: Annotated[
    Path, typer.Argument(help="A csv of path, score; path, user, score; or path, p1..pN.")
  ],
  output: Annotated[Path, typer.Option("--output", "-o", help="The model folder to write.")],
  scale: Annotated[
    tuple[float, float] | None,
    typer.Option(help="Lowest and highest score [default: by the table's]"),
  ] = None,
  outputs: Annotated[
    str, typer.Option(help="Columns that become auxiliary outputs, as valence,arousal.")
  ] = "",
  photos: Annotated[
    Path | None, typer.Option(help="Where paths start [default: beside the table, then here]")
  ] = None,
  fast: Annotated[
    bool, typer.Option("--fast", help="Look at 224 pixels alone, which is five times as fast.")
  ] = False,
) -> None:
  """Your photographs and scores become a model.

  It says how well the model scores photographs that it did not learn from. Stopped, the same
  command goes on from there.
  """
  from paiaa_jax.photos import cache, verbs

  extras.require("polars", "training", "train")
  start.keep_compiled(cache.default_path())
  from paiaa_jax.photos.train import Asked

  names = tuple(name.strip() for name in outputs.split(",") if name.strip())
  verbs.train(Asked(table, scale, names, photos, fast), output)
