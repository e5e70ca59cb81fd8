"""A model folder that compiles in a moment: 16 pixels, two convolutions, random weights.

As a program it is the command `paiaa` with that backbone at hand: python -m tests.photos.tiny_model
"""

from pathlib import Path

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from paiaa_jax.models import network
from paiaa_jax.models.backbones.base import Backbone
from paiaa_jax.models.weights.pretrained import save_model
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
  variables = module.init(jax.random.key(seed), jnp.zeros((1, SIZE, SIZE, 3), jnp.uint8))
  random = np.random.default_rng(seed)
  params = jax.tree.map(
    lambda leaf: random.normal(0, 1, leaf.shape).astype(np.float32), variables["params"]
  )
  config = {
    "network": fields,
    "preprocessing": {"image_size": SIZE},
    "scale": [float(i + 1) for i in range(BUCKETS)],
    "aux_names": list(TRAITS),
    "tasks": "joint",
  }
  save_model(folder, {"params": params}, config)
  return Path(folder)


if __name__ == "__main__":
  from paiaa_jax.cli import main

  main()
