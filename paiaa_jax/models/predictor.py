"""A trained model folder and uint8 images [n, s, s, 3] in, a numpy Prediction out.

The folder is what training writes: model.safetensors, and a config.json of the form
  {"network": Network's fields, "preprocessing": {"image_size": pixels},
   "scale": [the score of each bucket], "aux_names": [...], "tasks": "joint"}
of which `tasks` is not read here. One shape is compiled, and every call is padded to it: an
image's prediction then depends neither on its company nor on its place in a batch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import jax
import numpy as np

from paiaa_jax.models.network import Network
from paiaa_jax.models.pretrained import load_model
from paiaa_jax.types import Array, Prediction

MODEL_FILES = ("model.safetensors", "config.json")
ID_DIGITS = 16  # of the sha256


class Predictor:
  """A model folder ready for use.

  Attributes:
    folder: where it lies.
    model_id: first 16 hex digits of the sha256 of its two files.
    image_size: s, pixels of a side.
    score_values: [b] the score of each bucket, ascending.
    aux_names: names of the k auxiliary outputs.
    batch_size: images of the one compiled shape.
  """

  def __init__(self, folder: str | Path, batch_size: int = 32):
    """Reads the folder; the first prediction compiles.

    Raises:
      FileNotFoundError: no model folder.
      ValueError: a config.json without one of the fields above, or a batch size below 1.
    """
    if batch_size < 1:
      raise ValueError(f"batch_size is {batch_size}; it is 1 or more.")
    self.folder, self.batch_size = Path(folder), batch_size
    self._variables, self.config = load_model(self.folder)
    self.model_id = model_id(self.folder)
    try:
      self.image_size = int(self.config["preprocessing"]["image_size"])
      self.score_values = np.asarray(self.config["scale"], np.float32)
      self.aux_names = tuple(self.config["aux_names"])
      fields = {name: _hashable(value) for name, value in self.config["network"].items()}
      self.network = Network(**fields)
    except (KeyError, TypeError) as error:
      raise ValueError(f"{self.folder / 'config.json'} is no model's config: {error}.") from error
    self._apply = jax.jit(lambda variables, image: self.network.apply(variables, image))
    self._on_device = None

  def predict(self, images: Array) -> Prediction:
    """Predicts n images, n >= 0, in as many calls of the compiled shape as it takes.

    Args:
      images: [n, s, s, 3] uint8 RGB, resized whole (see data.images.resize_square).

    Returns:
      distribution [n, b], aux [n, k], features [n, d]; float32 numpy.

    Raises:
      ValueError: images of another shape or type.
    """
    images = np.asarray(images)
    size = self.image_size
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != (size, size, 3):
      raise ValueError(
        f"images are {images.dtype} {list(images.shape)}; this model reads uint8 [n, {size}, {size}, 3]."
      )
    parts = [self._predict_padded(part) for part in self._split(images)]
    return Prediction(*(np.concatenate(leaves) for leaves in zip(*parts, strict=True)))

  def _split(self, images: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, max(len(images), 1), self.batch_size):
      yield images[start : start + self.batch_size]

  def _predict_padded(self, images: np.ndarray) -> Prediction:
    if self._on_device is None:
      self._on_device = jax.device_put(self._variables)
    padding = self.batch_size - len(images)
    padded = np.pad(images, ((0, padding), (0, 0), (0, 0), (0, 0)))
    prediction = jax.device_get(self._apply(self._on_device, padded))
    return Prediction(*(leaf[: len(images)] for leaf in prediction))


def model_id(folder: str | Path) -> str:
  """First 16 hex digits of the sha256 over model.safetensors and config.json."""
  digest = hashlib.sha256()
  for name in MODEL_FILES:
    with (Path(folder) / name).open("rb") as file:
      while block := file.read(1 << 20):
        digest.update(block)
  return digest.hexdigest()[:ID_DIGITS]


def _hashable(value):
  """JSON's lists as the tuples that linen fields are."""
  return tuple(value) if isinstance(value, list) else value
