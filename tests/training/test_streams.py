"""A joint batch: each row keeps the labels of its own stream, and only those."""

import json
import shutil

import numpy as np
import pytest

from configs import base
from paiaa_jax.data import order, records
from paiaa_jax.errors import UserError
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
  opened, open_splits = [], records.open_splits
  monkeypatch.setattr(
    records, "open_splits", lambda folder, of: opened.extend(of) or open_splits(folder, of)
  )
  for config.data.validation in (False, True):
    batches.open_streams(config)
  assert set(opened) == {"train", "validation"}


def test_without_a_validation_split_its_images_are_trained_on_too(config):
  whole = batches.open_streams(config)
  assert not whole.validation
  config.data.validation = True
  parts = batches.open_streams(config)
  for stream, source in whole.train.items():
    own = parts.train[stream].names, parts.validation[stream].names
    assert source.names == [*own[0], *own[1]] and all(own)
    assert source[len(source) - 1]["name"] == own[1][-1]  # its own record


def test_rare_scores_are_drawn_as_often_as_common_ones(config):
  source = batches.open_streams(config).train["aesthetics"]
  assert batches.sampling_groups(source, "uniform") is None
  assert batches.sampling_groups(batches.open_streams(config).train["auxiliary"], "scores") is None
  for sampling in ("scores", "classes"):
    config.data.sampling = sampling
    groups = batches.sampling_groups(source, sampling)
    counts = np.bincount(groups)
    assert counts.max() > 1.2 * counts[counts > 0].min()  # not alike to begin with
    drawn = order.balanced_order(groups, np.random.default_rng(0))
    found = np.bincount(groups[drawn])
    assert len(drawn) == len(source) and np.ptp(found[counts > 0]) <= 1
    often = np.bincount(drawn, minlength=len(source))
    for group in set(groups):  # each image of a group as often as its others
      assert np.ptp(often[groups == group]) <= 2
  high = source.mean_score > 3
  np.testing.assert_array_equal(batches.sampling_groups(source, "classes"), high)


def test_an_image_of_more_raters_weighs_more_and_unknown_numbers_are_refused(config):
  config.data.validation = True
  opened = batches.open_streams(config)
  source = opened.train["aesthetics"]
  config.train.weigh_by = "raters"
  with pytest.raises(UserError, match="number of raters"):
    next(batches.train_batches(opened, config, 0, 8))
  source.raters = np.arange(1.0, len(source) + 1)
  batch = next(batches.train_batches(opened, config, 0, 8))
  expected = source.raters[batch.index[0::2]] / source.raters.mean()
  np.testing.assert_allclose(batch.has_distribution[0::2], expected, rtol=1e-6)
  assert not batch.has_distribution[1::2].any() and batch.has_aux[1::2].all()


def test_validation_keeps_each_streams_labels(config):
  config.data.validation = True
  opened = batches.open_streams(config)
  for stream, mask in (("aesthetics", "has_distribution"), ("auxiliary", "has_aux")):
    batch = next(batches.eval_batches(opened, stream, config, 100))
    assert getattr(batch, mask)[batch.index >= 0].all()
    assert not getattr(batch, mask)[batch.index < 0].any()
