"""The options of `paiaa doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paiaa_jax.cli import start
from paiaa_jax.cli.options import Model


def doctor(
  folder: Annotated[Path, typer.Argument(help="Whose files are looked at.")] = Path("."),
  model: Model = None,
) -> None:
  """What this installation has, and what is wrong with it.

  It scores a photograph whose score is known, and says which extra the files of a folder need. Exit
  code 1 where something is to be mended.
  """
  from paiaa_jax.photos import cache, verbs

  start.keep_compiled(cache.default_path())
  if verbs.doctor(model, folder):
    raise typer.Exit(1)
