"""A trained model folder and uint8 images [n, s, s, 3] in, a numpy Prediction out.

One shape is compiled, and every call is padded to it: an image's prediction then depends neither
on its company nor on its place in a batch.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jax
import numpy as np
from flax.errors import ScopeCollectionNotFound, ScopeParamNotFoundError, ScopeParamShapeError
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from paiaa_jax.cores import count_cores
from paiaa_jax.errors import UserError
from paiaa_jax.models import frozen_network, late, platform
from paiaa_jax.models.frozen_network import FrozenNetwork
from paiaa_jax.models.network import Network
from paiaa_jax.models.weights import model_folder, pretrained
from paiaa_jax.types import Array, Prediction

ON_CPU = 2  # it takes image after image, so a larger shape would only mean more padding


class Predictor:
  """A model folder ready for use.

  Attributes:
    folder: where it lies.
    model_id: first 16 hex digits of the sha256 of its two files.
    image_size: s, pixels of a side.
    score_values: [b] the score of each bucket, ascending.
    aux_names: names of the k auxiliary outputs.
    tasks: that the model was trained on, "joint", "aesthetics" or "auxiliary".
    batch_size: images a device of the one compiled shape; on the CPU ON_CPU at most.
    devices: that share each call.
    at_once: images that keep all of the devices, or of a CPU's cores, busy.

  Example:
    >>> predictor = models.Predictor("runs/quickstart/model")
    >>> size = predictor.image_size
    >>> predictor.predict(np.zeros((3, size, size, 3), np.uint8)).aux.shape
    (3, 5)
  """

  def __init__(self, folder: str | Path, batch_size: int = 32, devices: Sequence[jax.Device] = ()):
    """Reads the folder; the first prediction compiles.

    Args:
      folder: see model_folder.
      batch_size: images a device at once.
      devices: those to use, of this process; the first one by default.

    Raises:
      FileNotFoundError: no model folder.
      ValueError: a config.json that is not of a model of this version, or a batch size below 1.
    """
    if batch_size < 1:
      raise ValueError(f"batch_size is {batch_size}; it is 1 or more.")
    model = model_folder.read(folder)
    self.folder, self.model_id, self.image_size = model.folder, model.model_id, model.image_size
    self.score_values, self.aux_names = model.score_values, model.aux_names
    self.tasks = model.tasks
    self.batch_size = min(batch_size, ON_CPU) if platform.is_xla_cpu() else batch_size
    self.devices = tuple(devices) or tuple(jax.local_devices()[:1])
    network = network_of(model)
    mesh = Mesh(np.array(self.devices), ("images",))
    self._apply = _compiled(network, platform.is_xla_cpu(), mesh)
    alone = len(self.devices) == 1
    # XLA's CPU takes the calls of a thread in turn, and few of their operations share the cores
    callers = count_cores() if alone and platform.is_xla_cpu() else 1
    self._pool = ThreadPoolExecutor(callers, "predict") if callers > 1 else None
    self.at_once = self.batch_size * max(callers, len(self.devices))
    self._rows = self.devices[0] if alone else NamedSharding(mesh, P("images"))
    everywhere = self.devices[0] if alone else NamedSharding(mesh, P())
    self._variables = jax.device_put(variables_of(model, network), everywhere)

  def predict(self, images: Array) -> Prediction:
    """Predicts n images, n >= 0, in as many calls of the compiled shape as it takes.

    Args:
      images: [n, s, s, 3] uint8 RGB, resized whole (see data.images.resize_square).

    Returns:
      distribution [n, b], aux [n, k], features [n, d]; float32 numpy.

    Raises:
      ValueError: images of another shape or type.
    """
    images = self._checked(images)
    return self._join(list(self.stream([images] if self._pool else self._split(images))))

  def stream(self, batches: Iterable[Array]) -> Iterator[Prediction]:
    """`predict` of each of many arrays of images, in order; one is fetched as the next is computed.

    Each should hold `at_once` images or a multiple of it, or fewer in the last.
    """
    started = (self._start(self._checked(images)) for images in batches)
    for count, *parts in late.fetch(started):
      yield Prediction(*(leaf[:count] for leaf in self._join(parts)))

  def _checked(self, images: Array) -> np.ndarray:
    images = np.asarray(images)
    size = self.image_size
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != (size, size, 3):
      raise ValueError(
        f"images are {images.dtype} {list(images.shape)}; this model reads uint8 "
        f"[n, {size}, {size}, 3]."
      )
    return images

  def _split(self, images: np.ndarray) -> Iterator[np.ndarray]:
    rows = self.batch_size * len(self.devices)
    for start in range(0, max(len(images), 1), rows):
      yield images[start : start + rows]

  def _start(self, images: np.ndarray) -> tuple[int, *tuple[Prediction, ...]]:
    """How many images, and the predictions of each padded call, under way on the devices."""
    parts = self._split(images)
    if self._pool:
      return len(images), *self._pool.map(self._finish_padded, parts)
    return len(images), *map(self._start_padded, parts)

  def _finish_padded(self, images: np.ndarray) -> Prediction:
    return jax.block_until_ready(self._start_padded(images))

  def _start_padded(self, images: np.ndarray) -> Prediction:
    padding = self.batch_size * len(self.devices) - len(images)
    padded = np.pad(images, ((0, padding), (0, 0), (0, 0), (0, 0)))
    try:
      return self._apply(self._variables, jax.device_put(padded, self._rows))
    except (ScopeParamShapeError, ScopeParamNotFoundError, ScopeCollectionNotFound) as error:
      reason = str(error).partition(" (http")[0]
      raise UserError(
        f"{self.folder / model_folder.WEIGHTS} holds other weights than those of the network in "
        f"{model_folder.CONFIG}: {reason}"
      ) from error

  @staticmethod
  def _join(parts: list[Prediction]) -> Prediction:
    return Prediction(*(np.concatenate(leaves) for leaves in zip(*parts, strict=True)))


def network_of(model: model_folder.ModelFolder) -> Network | FrozenNetwork:
  """What config.json describes; either has `apply(variables, images)`.

  Raises:
    UserError: a field that this version does not know.
  """
  fields = dict(model.network)
  kind = FrozenNetwork if fields.pop("kind", None) == frozen_network.KIND else Network
  try:
    return kind(**fields)
  except TypeError as error:
    raise UserError(
      f"{model.folder / model_folder.CONFIG} has a network that this version does not know "
      f"({error}); install a newer paiaa-jax."
    ) from error


def variables_of(model: model_folder.ModelFolder, network: Network | FrozenNetwork) -> Any:
  """The folder's weights; a frozen backbone's come from the installed package.

  Raises:
    UserError: that package is not installed, or its weights are not those that the heads were
      fitted to.
  """
  variables = pretrained.load_model(model.folder)[0]
  if isinstance(network, Network):
    return variables
  weights = pretrained.packaged_path(network.backbone)
  if pretrained.packaged_sha256(network.backbone) != network.weights_sha256:
    raise UserError(
      f"{weights} is another version of {network.backbone} than the model in {model.folder} was "
      "made with."
    )
  return {"backbone": pretrained.load(network.backbone, weights), "heads": variables["heads"]}


@functools.lru_cache(maxsize=8)  # models of one network share what is compiled
def _compiled(network: Network | FrozenNetwork, in_turn: bool, mesh: Mesh) -> Callable:
  """(variables, images) -> Prediction, each device of the mesh for its own images.

  The CPU takes image after image: its batched convolutions round the last rows of a batch otherwise
  than the first, and are no faster.
  """
  apply = functools.partial(one_by_one, network) if in_turn else network.apply
  if mesh.size > 1:  # the program of one device, on each
    rows = P("images")
    apply = jax.shard_map(apply, mesh=mesh, in_specs=(P(), rows), out_specs=rows, check_vma=False)
  return jax.jit(apply)


def one_by_one(network: Network | FrozenNetwork, variables: Any, images: Array) -> Prediction:
  """The network's outputs for images [n, s, s, 3], each computed alone, one after another."""

  def predict(image):
    return jax.tree.map(lambda rows: rows[0], network.apply(variables, image[None]))

  return jax.lax.map(predict, images)
