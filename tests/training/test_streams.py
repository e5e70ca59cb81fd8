"""A joint batch: each row keeps the labels of its own stream, and only those."""

import json
import shutil

import numpy as np
import pytest

from configs import base
from paiaa_jax.data import records
from paiaa_jax.training import batches


@pytest.fixture
def config(folders, tmp_path):
  """The auxiliary folder has no scores at all, as PsychoFlickr has none."""
  auxiliary = tmp_path / "auxiliary"
  shutil.copytree(folders[1], auxiliary)
  manifest = records.read_manifest(auxiliary)
  (auxiliary / "manifest.json").write_text(json.dumps({**manifest, "scale": []}))
  config = base.get_config()
  config.data.aesthetics, config.data.auxiliary = str(folders[0]), str(auxiliary)
  config.data.image_size = config.data.resize = 16
  config.optim.batch_size = 8
  return config


def test_each_row_of_a_joint_batch_has_its_own_streams_labels(config):
  opened = batches.open_streams(config)
  batch = next(batches.train_batches(opened, config, 0, 8))
  np.testing.assert_array_equal(batch.has_distribution, [1, 0] * 8)
  np.testing.assert_array_equal(batch.has_aux, [0, 1] * 8)
  rows = batch.index[0::2]
  expected = [opened.train["aesthetics"][int(row)]["distribution"] for row in rows]
  np.testing.assert_allclose(batch.distribution[0::2], expected)
  expected = [opened.train["auxiliary"][int(row)]["aux"] for row in batch.index[1::2]]
  np.testing.assert_allclose(batch.aux[1::2], expected)


def test_a_run_never_opens_a_test_split(config, monkeypatch):
  opened, open_split = [], records.open_split
  monkeypatch.setattr(
    records, "open_split", lambda folder, split: opened.append(split) or open_split(folder, split)
  )
  batches.open_streams(config)
  assert set(opened) == {"train", "validation"}


def test_validation_keeps_each_streams_labels(config):
  opened = batches.open_streams(config)
  for stream, mask in (("aesthetics", "has_distribution"), ("auxiliary", "has_aux")):
    batch = next(batches.eval_batches(opened, stream, config, 100))
    assert getattr(batch, mask)[batch.index >= 0].all()
    assert not getattr(batch, mask)[batch.index < 0].any()
