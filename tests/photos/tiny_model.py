"""A model folder that compiles in a moment: 16 pixels, two convolutions, random weights.

As a program it is the command `paiaa` with that backbone at hand: python -m tests.photos.tiny_model
"""

import hashlib
from pathlib import Path

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from paiaa_jax.models import frozen_heads, network
from paiaa_jax.models.backbones.base import Backbone
from paiaa_jax.models.frozen_network import KIND, FrozenNetwork
from paiaa_jax.models.weights import pretrained
from paiaa_jax.types import TRAITS

SIZE = 16  # pixels
BUCKETS = 5


class TinyPhotos(Backbone):
  """Images [n, 16, 16, 3] -> features [n, 8]."""

  INPUT_SIZE, RESIZE, FEATURES = SIZE, SIZE, 8
  MEAN, STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)

  @nn.compact
  def __call__(self, image, *, train=False):
    x = jnp.tanh(nn.Conv(8, (3, 3), strides=2, name="conv1")(image))
    return jnp.tanh(nn.Conv(8, (3, 3), strides=2, name="conv2")(x)).mean(axis=(1, 2))


network.BACKBONES["tiny_photos"] = TinyPhotos


def save_tiny_model(folder: Path, seed: int = 0) -> Path:
  """Writes the folder; its scores and traits differ visibly from photograph to photograph."""
  fields = dict(
    backbone="tiny_photos", num_buckets=BUCKETS, aux_names=TRAITS, head_widths=(), head_dropout=0.0
  )
  module = network.Network(**fields)
  image = jnp.zeros((1, SIZE, SIZE, 3), jnp.uint8)
  shapes = jax.eval_shape(module.init, jax.random.key(0), image)["params"]
  random = np.random.default_rng(seed)
  params = jax.tree.map(lambda leaf: random.normal(0, 1, leaf.shape).astype(np.float32), shapes)
  config = {
    "network": fields,
    "preprocessing": {"image_size": SIZE},
    "scale": [float(i + 1) for i in range(BUCKETS)],
    "aux_names": list(TRAITS),
    "tasks": "joint",
  }
  pretrained.save_model(folder, {"params": params}, config)
  return Path(folder)


def save_tiny_frozen(folder: Path, monkeypatch, file: Path) -> tuple[np.ndarray, np.ndarray]:
  """Writes a model folder of a frozen backbone, and puts that in the place of a package's.

  Args:
    folder: of the model.
    monkeypatch: undoes it after the test.
    file: to stand for the package's weights.

  Returns:
    The images that its heads were fitted to, and the raw outputs that they should say of them.
  """
  random, buckets = np.random.default_rng(1), 7
  images = random.integers(0, 256, (6, SIZE, SIZE, 3), np.uint8)
  file.write_bytes(b"of no matter")
  backbone = jax.jit(TinyPhotos().init)(jax.random.key(0), images[:1] / 255.0)
  monkeypatch.setattr(pretrained, "packaged_path", lambda name: file)
  monkeypatch.setattr(pretrained, "load", lambda name, path: backbone)
  digest = hashlib.sha256(b"of no matter").hexdigest()
  described = FrozenNetwork("tiny_photos", buckets, (2, 1), "gap", digest)
  features = np.concatenate([described.features(backbone, image[None]) for image in images])
  shares = random.dirichlet(np.ones(buckets), len(images))
  heads = frozen_heads.fit(
    frozen_heads.projection(features), features, shares, random.uniform(-1, 1, (len(images), 2))
  )
  config = {
    "network": {"kind": KIND, **described._asdict()},
    "preprocessing": {"image_size": SIZE},
    "scale": list(range(1, buckets + 1)),
    "aux_names": ["valence", "arousal"],
  }
  pretrained.save_model(folder, {"heads": heads}, config)
  return images, frozen_heads.respond(heads, frozen_heads.project(heads, features))


if __name__ == "__main__":
  from paiaa_jax.cli import main

  main()
