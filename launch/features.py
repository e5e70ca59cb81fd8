"""Writes feature vectors of a folder's photographs, by any backbone, for other verbs' --features.

    python -m launch.features --images=DIR --backbone=dinov2_vit_s14 --weights=model.safetensors \
      --size=224 --out=dinov2.parquet

WEIGHTS is a file of timm, torchvision or transformers, or "packaged" (inside an installed package).
A photograph is resized to a square, without a crop. Its vector is the mean of the vectors of the
photograph and of its mirror image.
Writes `path`, relative to DIR, and `vector`; prints the weights' sha256.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from absl import flags

from launch import cli_errors
from paiaa_jax.errors import UserError

FLAGS = flags.FLAGS


def main(_) -> None:
  import polars as pl

  from paiaa_jax import files
  from paiaa_jax.data import images
  from paiaa_jax.models import features
  from paiaa_jax.models.network import backbone_class
  from paiaa_jax.models.weights import pretrained

  out, name = Path(FLAGS.out), FLAGS.backbone
  if out.suffix != ".parquet":
    raise UserError(f"--out={out} does not end in .parquet.")
  cls = backbone_class(name)
  packaged = FLAGS.weights == "packaged"
  weights = pretrained.packaged_path(name) if packaged else Path(FLAGS.weights)
  root, size = Path(FLAGS.images), FLAGS.size or cls.INPUT_SIZE
  found = sorted(path for path in root.rglob("*") if path.suffix.lower() in images.SUFFIXES)
  if not found:
    raise UserError(f"{root} holds no photographs.")
  pixels = (images.resize_square(images.load(path), size) for path in found)
  vectors = features.extract(name, weights, pixels, pooling=FLAGS.pooling)
  names = [path.relative_to(root).as_posix() for path in found]
  files.write_frame(out, pl.DataFrame({"path": names, "vector": vectors}))
  digest = hashlib.sha256(files.read_bytes(weights)).hexdigest()
  print(f"{out}: {len(names)} vectors of {vectors.shape[1]} numbers; weights' sha256 {digest}")


if __name__ == "__main__":
  flags.DEFINE_string("images", None, "Folder of photographs.", required=True)
  flags.DEFINE_string("backbone", None, "A key of models.BACKBONES.", required=True)
  flags.DEFINE_string("weights", "packaged", 'Weight file, or "packaged".')
  flags.DEFINE_integer("size", 0, "Pixels of a side; 0: the backbone's own.", lower_bound=0)
  flags.DEFINE_string("pooling", "multi_level", "gap or multi_level; see models.pooling.")
  flags.DEFINE_string("out", None, "File to write, .parquet.", required=True)
  cli_errors.run(main)
