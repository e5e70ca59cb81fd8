"""The arguments and options that several verbs take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Paths = Annotated[list[Path], typer.Argument(help="Photographs, and folders of them.")]
Model = Annotated[
  str | None,
  typer.Option(
    help='Model folder; "fast", the packaged one at 224 pixels, five times as fast; or '
    "hf:OWNER/NAME [default: $PAIAA_MODEL or the packaged one at 448 pixels]"
  ),
]
BatchSize = Annotated[int, typer.Option(min=1, help="Photographs a call of the network.")]
Recursive = Annotated[bool, typer.Option("--recursive", "-r", help="Folders in folders too.")]
CachePath = Annotated[
  Path | None,
  typer.Option(
    "--cache", help="Score cache file [default: $PAIAA_CACHE or ~/.cache/paiaa/scores.sqlite]"
  ),
]
Output = Annotated[
  Path | None, typer.Option("--output", "-o", help="A .csv, .jsonl or .parquet file; else stdout.")
]
Vectors = Annotated[
  Path | None,
  typer.Option(
    "--features", help="Anybody's vectors of the photographs, .npy or .parquet, to learn taste on."
  ),
]
ProfilePath = Annotated[Path, typer.Option("--profile", help="What `paiaa personalize` wrote.")]
