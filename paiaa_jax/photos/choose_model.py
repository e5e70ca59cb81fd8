"""What --model may be: a folder, or the id of a model on the Hugging Face hub."""

from __future__ import annotations

import os
from pathlib import Path

import paiaa_jax
from paiaa_jax.errors import UserError
from paiaa_jax.models.weights import model_folder
from paiaa_jax.models.weights.model_folder import CONFIG, WEIGHTS, ModelFolder

VARIABLE = "PAIAA_MODEL"
PACKAGED = Path(paiaa_jax.__file__).parent / "default_model"


def open_model(name: str | None) -> ModelFolder:
  """Reads the model called `name`, by default $PAIAA_MODEL or the one that comes with the package.

  A name of the form owner/model that is no folder here is fetched from the hub, once; nothing is
  sent there but the name.

  Raises:
    UserError: nothing of that name, or a folder that holds no model; says what to do.
  """
  name = name or os.environ.get(VARIABLE)
  if name is None:
    return model_folder.read(PACKAGED)
  name = os.path.expanduser(name)
  is_hub_id = name.count("/") == 1 and not name.startswith((".", "/", "~"))
  if Path(name).exists() or not is_hub_id:
    return model_folder.read(name)
  return model_folder.read(_fetch(name))


def _fetch(name: str) -> str:
  try:
    import huggingface_hub
  except ImportError as error:
    raise UserError(
      f"{name}: no such folder; to fetch it from the hub: pip install 'paiaa-jax[hub]'."
    ) from error
  try:
    return huggingface_hub.snapshot_download(name, allow_patterns=[WEIGHTS, CONFIG])
  except Exception as error:  # the client raises a dozen types; all mean that there is no model
    reason = " ".join(str(error).split())[:200]
    raise UserError(f"{name}: neither a folder nor on the hub ({reason}).") from error
