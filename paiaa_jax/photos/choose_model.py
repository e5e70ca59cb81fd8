"""What --model may be: a folder, "fast", or hf:OWNER/NAME[@REVISION] of the Hugging Face hub."""

from __future__ import annotations

import os
import re
from pathlib import Path

import paiaa_jax
from paiaa_jax.errors import UserError
from paiaa_jax.models.weights import model_folder
from paiaa_jax.models.weights.model_folder import CONFIG, WEIGHTS, ModelFolder
from paiaa_jax.photos import prior_file

VARIABLE = "PAIAA_MODEL"
TOKEN = "PAIAA_HUB_TOKEN"
ON_HUB = "hf:"
_HUB_NAME = r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*"
_REVISION = r"[A-Za-z0-9][\w./-]*"  # a branch, tag or commit
FAST = "fast"  # the packaged model that looks at 224 pixels alone
PACKAGED, PACKAGED_FAST = (
  Path(paiaa_jax.__file__).parent / name for name in ("default_model", "fast_model")
)


def open_model(name: str | None) -> ModelFolder:
  """Reads the model called `name`, by default $PAIAA_MODEL or the one that comes with the package.

  Only a name that begins with hf: is sought on the hub. Its request holds owner, name, revision and
  the names of the two files; a token goes with it where $PAIAA_HUB_TOKEN has one, and none that
  was stored for other programs.

  Raises:
    UserError: nothing of that name, or a folder that holds no model; says what to do.
  """
  name = name or os.environ.get(VARIABLE)
  if name is None:
    return model_folder.read(PACKAGED)
  if name == FAST:
    return model_folder.read(PACKAGED_FAST)
  if name.startswith(ON_HUB):
    return model_folder.read(_fetch(name))
  folder = Path(name).expanduser()
  if not folder.exists() and re.fullmatch(_HUB_NAME, name):
    raise UserError(f"{name}: no such folder. A model of the hub is written {ON_HUB}{name}.")
  return model_folder.read(folder)


def _fetch(name: str) -> str:
  """The folder of huggingface_hub's cache that holds the model `name`, hf: included."""
  parts = re.fullmatch(f"({_HUB_NAME})(?:@({_REVISION}))?", name.removeprefix(ON_HUB))
  if parts is None:
    raise UserError(f"{name}: a model of the hub is written {ON_HUB}OWNER/NAME[@REVISION].")
  try:
    import huggingface_hub
  except ImportError as error:
    raise UserError(f"{name} is fetched from the hub: pip install 'paiaa-jax[hub]'.") from error
  try:
    return huggingface_hub.snapshot_download(
      parts[1],
      revision=parts[2],
      token=os.environ.get(TOKEN) or False,  # None would send the token that is stored
      allow_patterns=[WEIGHTS, CONFIG, prior_file.NAME],
    )
  except Exception as error:  # the client raises a dozen types; all mean that there is no model
    reason = " ".join(str(error).split())[:200]
    raise UserError(f"{name}: not to be had from the hub ({reason}).") from error
