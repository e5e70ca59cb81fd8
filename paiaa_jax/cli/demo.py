"""The options of `paiaa demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paiaa_jax.cli import start


def demo(
  folder: Annotated[Path, typer.Argument(help="A new folder for all of it.")] = Path("paiaa-demo"),
  browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
  """From nothing to a page of the best, in half a minute.

  Photographs that come with the package are scored, an imaginary person's ratings become a profile,
  and the page shows their order.
  """
  from paiaa_jax.photos import cache

  start.keep_compiled(cache.default_path())
  from paiaa_jax.photos import demo

  demo.run(folder, browser)
