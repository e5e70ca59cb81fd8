"""The options of `paiaa rate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paiaa_jax.cli import start
from paiaa_jax.cli.options import BatchSize, CachePath, Model, Recursive


def rate(  # noqa: PLR0913 each parameter is an option of the command
  folder: Annotated[Path, typer.Argument(help="A folder of photographs.")],
  profile: Annotated[
    Path | None, typer.Option(help="A taste to start from, which `paiaa personalize` wrote.")
  ] = None,
  session: Annotated[
    Path | None, typer.Option(help="The file of your ratings [default: one a folder, kept for you]")
  ] = None,
  copy_to: Annotated[
    Path | None, typer.Option(help="Where the page may copy the best to [default: FOLDER-best]")
  ] = None,
  port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 0,
  no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address.")] = False,
  host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
  seen_by_others: Annotated[
    bool,
    typer.Option(
      "--i-know-that-others-can-see-my-photographs", help="What another --host than ours means."
    ),
  ] = False,
  model: Model = None,
  batch_size: BatchSize = 8,
  recursive: Recursive = False,
  cache: CachePath = None,
) -> None:
  """Rate on a page, and watch your taste appear.

  It is served to this machine alone, by a token of its own. Photographs are only read.
  """
  start.one_thread()
  from paiaa_jax.web import serve

  serve.check(host, seen_by_others)
  library = start.library([folder], model, batch_size, recursive, cache)
  asked = serve.Asked(profile, session, copy_to, host, port, not no_browser, seen_by_others)
  serve.serve(library, asked)
