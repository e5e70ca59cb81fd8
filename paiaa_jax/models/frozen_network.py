"""A backbone that stays as ImageNet left it, and heads in closed form: uint8 images [n, s, s, 3] ->
distribution [n, b], auxiliary outputs [n, k], coordinates [n, m].

A photograph and its mirror image are pooled at several sizes (features [n, d]), standardised and
squashed by tanh, projected on m fixed coordinates, and compared with p photographs of known scores
by a Gaussian kernel. The heads' arrays, which models.frozen_heads fits:

    scale, mean [d]     1 / deviation (0: a constant feature) and mean of the training photographs'
    basis [d, m], offset [m]   coordinates are tanh(...) @ basis - offset
    centres [p, m], dual [p, b + k], intercept [b + k], width []   of the kernel
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from paiaa_jax.models.network import backbone_class, normalize
from paiaa_jax.models.pooling import mirrored
from paiaa_jax.models.weights import model_folder, pretrained
from paiaa_jax.types import Array, Prediction

KIND = model_folder.FROZEN


class FrozenNetwork(NamedTuple):
  """What stands under "network" in config.json.

  Attributes:
    backbone: a key of models.network.BACKBONES.
    num_buckets: b.
    shrinks: the sizes that are pooled, as divisors of the input's side: 2 is half as large.
    pooling: see models.pooling.
    weights_sha256: of the backbone's weight file.
  """

  backbone: str
  num_buckets: int
  shrinks: tuple[int, ...] = (2, 1)
  pooling: str = "multi_level"
  weights_sha256: str = ""

  def features(self, backbone: Any, images: Array) -> jax.Array:
    """uint8 [n, s, s, 3] -> [n, d] float32, the mean of the image's and its mirror image's."""
    cls = backbone_class(self.backbone)
    network, whole = cls(pooling=self.pooling), normalize(images, cls.MEAN, cls.STD)
    rows = [mirrored(network, backbone, _shrink(whole, shrink)) for shrink in self.shrinks]
    return jnp.concatenate(rows, axis=1)

  def apply(self, variables: Mapping[str, Any], images: Array) -> Prediction:
    """variables: {"backbone": linen variables, "heads": arrays as above}."""
    heads = {name: jnp.asarray(x, jnp.float32) for name, x in variables["heads"].items()}
    x = coordinates(heads, self.features(variables["backbone"], images))
    outputs = respond(heads, x)
    shares = jnp.maximum(outputs[:, : self.num_buckets], 0.0)
    return Prediction(
      distribution=shares / jnp.sum(shares, axis=1, keepdims=True),
      aux=jnp.clip(outputs[:, self.num_buckets :], -1.0, 1.0),
      features=x,
    )


def on_packaged(backbone: str, num_buckets: int, **fields: Any) -> FrozenNetwork:
  """A network over the installed package's weights; fields: more of FrozenNetwork's."""
  digest = pretrained.packaged_sha256(backbone)
  return FrozenNetwork(backbone, num_buckets, weights_sha256=digest, **fields)


def extractor(network: FrozenNetwork) -> Callable[[np.ndarray], np.ndarray]:
  """uint8 images [n, s, s, 3] -> features [n, d], n > 0, by the installed package's weights.

  One image a call of the network: on a CPU a batch is no faster, and rounds its rows unlike.
  """
  backbone = pretrained.load(network.backbone, pretrained.packaged_path(network.backbone))
  forward = jax.jit(network.features)

  def features(images: np.ndarray) -> np.ndarray:
    return np.concatenate([np.asarray(forward(backbone, image[None])) for image in images])

  return features


def num_features(network: FrozenNetwork, size: int) -> int:
  """d, for images with a side of `size` pixels."""
  image = jax.ShapeDtypeStruct((1, size, size, 3), jnp.uint8)
  cls = backbone_class(network.backbone)
  variables = jax.eval_shape(cls().init, jax.random.key(0), image)
  return jax.eval_shape(network.features, variables, image).shape[1]


def config(
  network: FrozenNetwork, size: int, pixels: str, scale: Sequence[float], aux_names: Sequence[str]
) -> dict[str, Any]:
  """What a model folder's config.json must say of it; see models.weights.model_folder."""
  return {
    "network": {"kind": KIND, **network._asdict()},
    "preprocessing": {"image_size": size, "pixels": pixels},
    "scale": list(scale),
    "aux_names": list(aux_names),
  }


def squash(heads: Mapping[str, Array], features: Array) -> Array:
  """Features [n, d] -> the same in (-1, 1), 0 where the training photographs have their mean."""
  return jnp.tanh((features - heads["mean"][None, :]) * heads["scale"][None, :])


@jax.default_matmul_precision("highest")
def coordinates(heads: Mapping[str, Array], features: Array) -> Array:
  """Features [n, d] -> coordinates [n, m]."""
  return squash(heads, features) @ heads["basis"] - heads["offset"][None, :]


@jax.default_matmul_precision("highest")
def respond(heads: Mapping[str, Array], x: Array) -> Array:
  """Coordinates [n, m] -> raw outputs [n, b + k]; the first b sum to 1, but may fall below 0."""
  return gaussian(x, heads["centres"], heads["width"]) @ heads["dual"] + heads["intercept"][None, :]


@jax.default_matmul_precision("highest")
def gaussian(x: Array, centres: Array, width: Array | float) -> Array:
  """exp(-|x - c|^2 / (2 width)), [n, m] and [p, m] -> [n, p]."""
  square = jnp.sum(jnp.square(x), axis=1)[:, None] + jnp.sum(jnp.square(centres), axis=1)[None, :]
  return jnp.exp(-jnp.maximum(square - 2 * x @ centres.T, 0.0) / (2 * width))


def _shrink(images: Array, by: int) -> Array:
  """[n, s, s, c] -> [n, s / by, s / by, c], the mean of each square of by x by pixels."""
  n, height, width, c = images.shape
  squares = images.reshape(n, height // by, by, width // by, by, c)
  return jnp.mean(squares, axis=(2, 4))
