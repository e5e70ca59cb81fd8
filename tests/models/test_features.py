"""Pooled features of a frozen backbone: of an image and its mirror image, whatever the batch."""

import numpy as np
from PIL import Image

from paiaa_jax.data import vectors
from paiaa_jax.models import features
from paiaa_jax.models.network import backbone_class
from paiaa_jax.models.weights import pretrained
from tests import children

BACKBONE = "efficientnet_lite0"


def test_an_image_and_its_mirror_image_have_the_same_features_in_a_full_or_padded_batch():
  image = np.random.default_rng(0).integers(0, 255, (32, 32, 3), np.uint8)
  images = (image, image[:, ::-1], np.zeros_like(image), image)  # a batch of three, and one of one
  rows = features.extract(BACKBONE, pretrained.packaged_path(BACKBONE), iter(images), batch_size=3)
  assert rows.shape[1] > 2 * backbone_class(BACKBONE).FEATURES
  np.testing.assert_allclose(rows[1], rows[0], atol=1e-4)
  np.testing.assert_allclose(rows[3], rows[0], atol=1e-4)
  assert np.abs(rows[2] - rows[0]).max() > 0.1


def test_the_command_writes_a_vector_a_photograph_for_other_verbs(tmp_path, child_env):
  random = np.random.default_rng(0)
  pixels = {name: random.integers(0, 255, (32, 32, 3), np.uint8) for name in ("b.png", "a/1.png")}
  for name, own in pixels.items():
    (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(own).save(tmp_path / "in" / name)
  command = ["launch.features", f"--images={tmp_path / 'in'}", "--size=32"]
  command += [f"--backbone={BACKBONE}", "--pooling=gap", f"--out={tmp_path / 'x.parquet'}"]
  done = children.run(*command, env=child_env)
  assert done.returncode == 0, done.stderr
  assert pretrained.packaged_sha256(BACKBONE) in done.stdout
  told = vectors.read(tmp_path / "x.parquet").of(list(pixels))
  weights = pretrained.packaged_path(BACKBONE)
  rows = features.extract(BACKBONE, weights, iter(pixels.values()), pooling="gap")
  np.testing.assert_allclose(told, rows, atol=1e-4)
