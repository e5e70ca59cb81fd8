"""Pooled features of a frozen backbone: of an image and its mirror image, whatever the batch."""

import numpy as np

from paiaa_jax.models import features
from paiaa_jax.models.network import backbone_class
from paiaa_jax.models.weights import pretrained

BACKBONE = "efficientnet_lite0"


def test_an_image_and_its_mirror_image_have_the_same_features_in_a_full_or_padded_batch():
  image = np.random.default_rng(0).integers(0, 255, (32, 32, 3), np.uint8)
  images = (image, image[:, ::-1], np.zeros_like(image), image)  # a batch of three, and one of one
  rows = features.extract(BACKBONE, pretrained.packaged_path(BACKBONE), iter(images), batch_size=3)
  assert rows.shape[1] > 2 * backbone_class(BACKBONE).FEATURES
  np.testing.assert_allclose(rows[1], rows[0], atol=1e-4)
  np.testing.assert_allclose(rows[3], rows[0], atol=1e-4)
  assert np.abs(rows[2] - rows[0]).max() > 0.1
