"""The options of `paiaa export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paiaa_jax.cli.options import Model


def export(
  out: Annotated[Path, typer.Argument(help="A folder (safetensors) or file to write.")],
  form: Annotated[
    str, typer.Option("--format", help="safetensors, stablehlo or onnx.")
  ] = "safetensors",
  model: Model = None,
) -> None:
  """The model in a form that others read."""
  from paiaa_jax.photos import verbs

  verbs.export(model, form, out)
