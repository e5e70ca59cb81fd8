"""The options of `paiaa serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paiaa_jax.cli import start
from paiaa_jax.cli.options import BatchSize, Model


def serve(
  host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
  port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
  profile: Annotated[
    Path | None, typer.Option(help="Whose personal scores, where a request brings no profile.")
  ] = None,
  max_mib: Annotated[int, typer.Option(min=1, help="Of one request.")] = 64,
  timeout: Annotated[float, typer.Option(min=1, help="Seconds that a request may take.")] = 60,
  model: Model = None,
  batch_size: BatchSize = 32,
) -> None:
  """A service for other programs: photographs in, rows out.

  POST /score, /personal and /rank, GET /healthz, /metrics and /openapi.json. Whoever reaches the
  address may ask. Nothing that is sent is kept.
  """
  from paiaa_jax.photos import cache
  from paiaa_jax.serving import serve

  serve.check()
  start.keep_compiled(cache.default_path())
  from paiaa_jax.photos.choose_model import open_model

  asked = serve.Asked(host, port, profile, max_mib, timeout, batch_size)
  serve.serve(open_model(model), asked)
