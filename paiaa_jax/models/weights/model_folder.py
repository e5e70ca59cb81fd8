"""What a trained model's folder says of itself, without jax: id, input size, what outputs mean.

Training writes model.safetensors, and a config.json of the form
  {"network": Network's fields, "preprocessing": {"image_size": side, "pixels": PREPROCESSING},
   "scale": [the score of each bucket], "aux_names": [...], "tasks": "joint",
   "trained_on": words, where they are known}.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import re
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta
from safetensors import SafetensorError, safe_open

from paiaa_jax.errors import UserError
from paiaa_jax.files import read_json, reading

WEIGHTS, CONFIG = "model.safetensors", "config.json"
ID_DIGITS = 16  # of the sha256
FROZEN = "frozen"  # the value of the field "kind" of a FrozenNetwork in config.json
_BASIS = "heads/basis"  # [d, m] of a FrozenNetwork, in the weights
_FROZEN_OUTPUTS = "heads/intercept"  # [b + k]
_OUTPUTS = ("params/aesthetics/out/bias", "params/auxiliary/out/bias")  # [b], [k] of a Network
_FLOATS = ("F64", "F32", "F16", "BF16")
# Columns of tables of scores, beside which outputs stand under their own names.
_TAKEN = re.compile(
  r"path|error|model_id|preprocessing|score_std|aesthetic_score|scale_(low|high)|p\d+|percentile|"
  r"personal_(score|low|high)|burst|burst_place"
)
_Count = Annotated[int, Meta(ge=1, le=1 << 16)]


class _Preprocessing(msgspec.Struct):
  image_size: _Count
  pixels: str = ""


class _Network(msgspec.Struct):
  """What is checked of Network's and FrozenNetwork's fields; `predictor.network_of` knows more."""

  backbone: str
  num_buckets: Annotated[int, Meta(ge=2, le=1 << 16)]
  kind: Literal["frozen"] | None = None
  aux_names: list[str] | None = None
  aux_activation: str = ""
  head_input: str = ""
  head_widths: list[_Count] = []
  head_dropout: Annotated[float, Meta(ge=0, lt=1)] = 0.0
  aux_final_norm: bool = False
  pooling: str = ""
  dtype: Literal["float32", "bfloat16"] = "float32"
  shrinks: list[_Count] = []
  weights_sha256: str = ""


class _Config(msgspec.Struct):
  network: _Network
  preprocessing: _Preprocessing
  scale: list[float]
  aux_names: list[Annotated[str, Meta(min_length=1)]]
  tasks: Literal["joint", "aesthetics", "auxiliary"] = "joint"
  trained_on: str = ""


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
    own_coordinates: False where vectors of others stand in their place.
    tasks: that it was trained on, "joint", "aesthetics" or "auxiliary".
  """

  folder: Path
  model_id: str
  image_size: int
  score_values: tuple[float, ...]
  aux_names: tuple[str, ...]
  network: dict[str, Any]
  trained_on: str = ""
  num_coordinates: int = 0
  own_coordinates: bool = True
  tasks: str = "joint"


def read(folder: str | Path) -> ModelFolder:
  """Reads a model folder; the weights are hashed, and only their header is read.

  Raises:
    UserError: one of the two files is not there, a config.json that is not of a model or whose
      fields disagree (names the field), or weights that are not of that network.
  """
  folder = Path(folder)
  check_there(folder)
  said, digest = read_json(folder / CONFIG), model_id(folder)
  try:
    config = msgspec.convert(said, _Config)
    _check(config)
  except (msgspec.ValidationError, ValueError, OverflowError) as error:
    raise UserError(f"{folder / CONFIG} is not a model's config: {error}.") from error
  return ModelFolder(
    folder,
    digest,
    config.preprocessing.image_size,
    tuple(config.scale),
    tuple(config.aux_names),
    # older folders tell remat, which is training's own affair
    {name: _hashable(value) for name, value in said["network"].items() if name != "remat"},
    config.trained_on,
    _num_coordinates(folder, config),
    tasks=config.tasks,
  )


def check_there(folder: Path) -> None:
  """Raises UserError where one of a model folder's two files is missing."""
  if not all((folder / name).is_file() for name in (WEIGHTS, CONFIG)):
    raise UserError(
      f"{folder} is no model folder ({WEIGHTS} and {CONFIG}); training writes one to WORKDIR/model."
    )


def _check(config: _Config) -> None:
  """Refuses fields that contradict themselves or each other; ValueError names the field."""
  network, scale, names = config.network, config.scale, config.aux_names
  if not all(map(math.isfinite, scale)):
    raise ValueError("scale holds a number that is not finite")
  if any(high <= low for low, high in itertools.pairwise(scale)):
    raise ValueError("scale is not ascending")
  if network.num_buckets != len(scale):
    raise ValueError(f"network.num_buckets is {network.num_buckets}, scale has {len(scale)} scores")
  for name in names:
    if _TAKEN.fullmatch(name) or names.count(name) > 1:
      raise ValueError(f"aux_names: {name!r} stands there twice, or is a column of every table")
  if network.aux_names not in (None, names):
    raise ValueError("network.aux_names are other names than aux_names")


def model_id(folder: str | Path) -> str:
  """First 16 hex digits of the sha256 over the weights and the config."""
  digest = hashlib.sha256()
  for name in (WEIGHTS, CONFIG):
    path = Path(folder) / name
    with reading(path, "a file"), path.open("rb") as file:
      while block := file.read(1 << 20):
        digest.update(block)
  return digest.hexdigest()[:ID_DIGITS]


def _num_coordinates(folder: Path, config: _Config) -> int:
  """m, by the weights' header alone; refuses weights of other types or numbers of outputs."""
  is_frozen, b, k = config.network.kind == FROZEN, config.network.num_buckets, len(config.aux_names)
  kind = "a frozen network's weights" if is_frozen else "a network's weights"
  outputs = {_FROZEN_OUTPUTS: b + k} if is_frozen else dict(zip(_OUTPUTS, (b, k), strict=True))
  try:
    with safe_open(folder / WEIGHTS, "numpy") as weights:
      for key in weights.keys():  # noqa: SIM118 it is no dict
        if (dtype := weights.get_slice(key).get_dtype()) not in _FLOATS:
          raise UserError(f"{folder / WEIGHTS}: {key} is of type {dtype}, not one of floats.")
      for key, count in outputs.items():
        if (shape := list(weights.get_slice(key).get_shape())) != [count]:
          raise UserError(
            f"{folder / WEIGHTS}: {key} is {shape}; by network.num_buckets and aux_names of "
            f"{CONFIG} it is [{count}]."
          )
      if not is_frozen:
        return 0
      _, coordinates = weights.get_slice(_BASIS).get_shape()
      return coordinates
  except (SafetensorError, OSError, ValueError) as error:
    if isinstance(error, UserError):
      raise
    raise UserError(f"{folder / WEIGHTS} is not {kind}: {error}.") from error


def _hashable(value: Any) -> Any:
  """JSON's lists as the tuples that linen fields are."""
  return tuple(value) if isinstance(value, list) else value
