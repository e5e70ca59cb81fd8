"""What a trained model's folder says of itself, without jax: id, input size, what outputs mean.

Training writes model.safetensors, and a config.json of the form
  {"network": Network's fields, "preprocessing": {"image_size": side, "pixels": PREPROCESSING},
   "scale": [the score of each bucket], "aux_names": [...], "tasks": "joint",
   "trained_on": words, where they are known}.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError, safe_open

from paiaa_jax.errors import UserError
from paiaa_jax.files import read_json, reading

WEIGHTS, CONFIG = "model.safetensors", "config.json"
ID_DIGITS = 16  # of the sha256
FROZEN = "frozen"  # the value of the field "kind" of a FrozenNetwork in config.json
_BASIS = "heads/basis"  # [d, m] of a FrozenNetwork, in the weights


class ModelFolder(NamedTuple):
  """One model.

  Attributes:
    folder: where it lies.
    model_id: first 16 hex digits of the sha256 of its two files.
    image_size: pixels of a side of the network's input.
    score_values: the score of each of the b buckets, ascending.
    aux_names: names of the k auxiliary outputs.
    network: Network's fields, or FrozenNetwork's with "kind": "frozen".
    trained_on: whose ratings it learned, in words; empty where the folder does not say.
    num_coordinates: m, coordinates of an image that are kept beside its outputs; 0 for a trained
      Network, whose features are not kept.
  """

  folder: Path
  model_id: str
  image_size: int
  score_values: tuple[float, ...]
  aux_names: tuple[str, ...]
  network: dict[str, Any]
  trained_on: str = ""
  num_coordinates: int = 0


def read(folder: str | Path) -> ModelFolder:
  """Reads a model folder; the weights are hashed, not loaded.

  Raises:
    UserError: one of the two files is not there, a config.json that is not of a model (names the
      field), or a frozen network's weights without coordinates.
  """
  folder = Path(folder)
  if not all((folder / name).is_file() for name in (WEIGHTS, CONFIG)):
    raise UserError(
      f"{folder} is no model folder ({WEIGHTS} and {CONFIG}); training writes one to WORKDIR/model."
    )
  config, digest = read_json(folder / CONFIG), model_id(folder)
  try:
    return ModelFolder(
      folder,
      digest,
      int(config["preprocessing"]["image_size"]),
      tuple(float(score) for score in config["scale"]),
      tuple(config["aux_names"]),
      {name: _hashable(value) for name, value in config["network"].items()},
      str(config.get("trained_on", "")),
      _num_coordinates(folder, config["network"]),
    )
  except (KeyError, TypeError, ValueError, AttributeError) as error:
    reason = f"no field {error}" if isinstance(error, KeyError) else str(error)
    raise UserError(f"{folder / CONFIG} is not a model's config: {reason}.") from error


def model_id(folder: str | Path) -> str:
  """First 16 hex digits of the sha256 over the weights and the config."""
  digest = hashlib.sha256()
  for name in (WEIGHTS, CONFIG):
    path = Path(folder) / name
    with reading(path, "a file"), path.open("rb") as file:
      while block := file.read(1 << 20):
        digest.update(block)
  return digest.hexdigest()[:ID_DIGITS]


def _num_coordinates(folder: Path, network: dict[str, Any]) -> int:
  """m, by the weights' header alone."""
  if network.get("kind") != FROZEN:
    return 0
  try:
    with safe_open(folder / WEIGHTS, "numpy") as weights:
      return weights.get_slice(_BASIS).get_shape()[1]
  except SafetensorError as error:
    raise UserError(f"{folder / WEIGHTS} is not a frozen network's weights: {error}.") from error


def _hashable(value: Any) -> Any:
  """JSON's lists as the tuples that linen fields are."""
  return tuple(value) if isinstance(value, list) else value
