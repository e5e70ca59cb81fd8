"""The options of `paiaa explain`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paiaa_jax.cli import start
from paiaa_jax.cli.options import CachePath, Model, ProfilePath, Vectors


def explain(
  photo: Annotated[Path, typer.Argument(help="One photograph.")],
  profile: ProfilePath,
  png: Annotated[Path | None, typer.Option(help="Draw the card into this .png too.")] = None,
  features: Vectors = None,
  model: Model = None,
  cache: CachePath = None,
) -> None:
  """Why a score is what it is: a sum."""
  start.one_thread()
  from paiaa_jax.photos import verbs

  verbs.explain(start.library([photo], model, 1, False, cache, features), profile, png)
