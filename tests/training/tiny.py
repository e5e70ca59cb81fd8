"""A run small enough to be killed often: prepared folders of 16-pixel images, a tiny backbone.

Others by name: tiny_layer_norm, and those of tests.models.toy_encoders.

As a program it is launch.train with the backbone "tiny":
python -m tests.training.tiny --config=configs/base.py --workdir=DIR --config.field=value
"""

import io
import json
import sys
from pathlib import Path

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
import polars as pl
from PIL import Image

from configs import base
from paiaa_jax.data import records
from paiaa_jax.models import network
from paiaa_jax.types import TRAITS
from tests.models import toy_encoders as toy_encoders

SIZE = 16  # pixels
BATCH = 8
IMAGES = {"train": 32, "validation": 12}


class Tiny(nn.Module):
  """Images [n, 16, 16, 3] -> features [n, 8], with a BN like its big sisters."""

  num_classes: int = 0
  pooling: str = "gap"
  dtype: type = jnp.float32
  remat: str = "none"

  INPUT_SIZE, RESIZE, FEATURES = SIZE, SIZE, 8
  MEAN, STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)

  @nn.compact
  def __call__(self, image, *, train=False):
    x = nn.Conv(8, (3, 3), strides=2, name="conv")(image)
    x = nn.BatchNorm(use_running_average=not train, momentum=0.9, name="norm")(x)
    return nn.relu(x).mean(axis=(1, 2))


class LayerNormed(Tiny):
  """The same size, without running statistics."""

  @nn.compact
  def __call__(self, image, *, train=False):
    x = nn.Conv(8, (4, 4), strides=4, name="conv")(image)
    return nn.gelu(nn.LayerNorm(name="norm")(x)).mean(axis=(1, 2))


network.BACKBONES |= {"tiny": Tiny, "tiny_layer_norm": LayerNormed}


def write_folders(out: Path) -> tuple[Path, Path]:
  """Prepared folders of an aesthetics database (5 buckets) and of one with traits."""
  return (
    _write(out / "aesthetics", buckets=5, outputs=5, has=(1.0, 0.0), seed=1),
    _write(out / "auxiliary", buckets=5, outputs=5, has=(0.0, 1.0), seed=2),
  )


def _write(folder: Path, buckets: int, outputs: int, has: tuple[float, float], seed: int) -> Path:
  random = np.random.default_rng(seed)
  folder.mkdir(parents=True)
  rows, images = [], []
  for split, count in IMAGES.items():
    for i in range(count):
      labels, image = _example(random, buckets, outputs, has)
      rows.append({"path": f"{split}{i}.png", "split": split, **labels})
      images.append((rows[-1]["path"], image))
  records.write(folder, pl.DataFrame(rows, records.INDEX), images, buckets, outputs)
  manifest = {"scale": [1.0, 2.0, 3.0, 4.0, 5.0], "aux_names": list(TRAITS), "images": IMAGES}
  (folder / "manifest.json").write_text(json.dumps(manifest))
  return folder


def _example(random, buckets, outputs, has) -> tuple[dict, bytes]:
  """The labels of an image, which its brightness sets, and the image."""
  brightness = random.uniform()
  pixels = np.clip(random.normal(255 * brightness, 40, (SIZE, SIZE, 3)), 0, 255).astype(np.uint8)
  encoded = io.BytesIO()
  Image.fromarray(pixels).save(encoded, "PNG")
  closeness = np.exp(-np.square(np.arange(buckets) - brightness * (buckets - 1)))
  labels = {
    "distribution": (has[0] * closeness / closeness.sum()).tolist(),
    "aux": [has[1] * (2 * brightness - 1)] * outputs,
    "has_distribution": has[0],
    "has_aux": has[1],
  }
  return labels, encoded.getvalue()


def get_config(folders: tuple[Path, Path], steps: int = 12):
  """The base config, made tiny."""
  config = base.get_config()
  for field, value in fields(folders, steps).items():
    config.update_from_flattened_dict({field: value})
  return config


def fields(folders: tuple[Path, Path], steps: int) -> dict[str, object]:
  """What is tiny about it, by field."""
  return {
    "model.backbone": "tiny",
    "model.pretrained": "none",
    "model.head_widths": (8,),
    "model.head_init": "flat",
    "data.validation": True,
    "data.aesthetics": str(folders[0]),
    "data.auxiliary": str(folders[1]),
    "data.image_size": SIZE,
    "data.resize": SIZE + 2,
    "data.workers": 1,
    "optim.batch_size": BATCH,
    "optim.steps": steps,
    "optim.lr_backbone": 0.05,
    "optim.lr_heads": 0.1,
    "train.eval_batch_size": BATCH,
    "train.eval_every": 6,
    "checkpoint.every": 3,
    "log.every": 2,
  }


def command(folders: tuple[Path, Path], workdir: Path, steps: int, **changes) -> list[str]:
  """Starts that run as a program; `changes` are further fields, written room__field."""
  values = fields(folders, steps) | {k.replace("__", "."): v for k, v in changes.items()}
  flags = [f"--config.{field}={value}" for field, value in values.items()]
  program = [sys.executable, "-m", "tests.training.tiny", "--config=configs/base.py"]
  return [*program, f"--workdir={workdir}", *flags]


if __name__ == "__main__":
  from launch import cli_errors, train

  train.define_flags()
  cli_errors.run(train.main)
