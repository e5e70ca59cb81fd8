"""Predictions of a prepared split: a row an image, in the split's order, features beside it."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from paiaa_jax.apps import evaluate_model
from paiaa_jax.data import pipeline, records
from paiaa_jax.errors import UserError
from paiaa_jax.training import batches
from paiaa_jax.types import TRAITS, Prediction
from tests.training import tiny

SIZE = 24


class Brightness:
  """A predictor whose features are an image's mean colours."""

  image_size, devices, tasks = SIZE, (None,), "joint"

  def stream(self, batches):
    for images in batches:
      colours = images.mean(axis=(1, 2), dtype=np.float32)
      yield Prediction(np.full((len(images), 5), 0.2, np.float32), colours[:, :2], colours)


class OfRun(Brightness):
  """The predictor of a run: its number is the share of the first bucket, in hundredths."""

  aux_names, score_values = TRAITS, (1.0, 2.0, 3.0, 4.0, 5.0)

  def __init__(self, folder, *_):
    self.share = int(folder.parent.name) / 100

  def stream(self, batches):
    for images in batches:
      n, colours = len(images), images.mean(axis=(1, 2), dtype=np.float32)
      shares = np.array([self.share, 0, 1 - self.share, 0, 0], np.float32)
      yield Prediction(np.tile(shares, (n, 1)), np.zeros((n, 5), np.float32), colours)


def test_a_training_image_is_predicted_by_the_run_that_left_its_fold_out(
  tmp_path, monkeypatch, capsys
):
  data, _ = tiny.write_folders(tmp_path / "prepared")
  manifest = records.read_manifest(data)
  (data / "manifest.json").write_text(json.dumps(manifest | {"name": "mine"}))
  runs = []
  for fold in range(3):
    (tmp_path / str(fold)).mkdir()
    told = {"data": {"aesthetics": str(data), "left_out_fold": fold, "folds": 3}}
    (tmp_path / str(fold) / "config.json").write_text(json.dumps(told))
    runs.append(tmp_path / str(fold))
  monkeypatch.setattr(evaluate_model, "Predictor", OfRun)
  stem, said = evaluate_model.evaluate_out_of_fold(tmp_path, data, runs[::-1], features=True)
  frame = evaluate_model.read_predictions(stem.with_suffix(".parquet"))
  whole = records.open_splits(data, ("train", "validation"))
  assert stem.name == "mine_out_of_fold" and frame["path"].to_list() == whole.names
  assert f"mine_out_of_fold, {len(whole)} images" in capsys.readouterr().out
  assert -1 <= said["aesthetics"]["srcc"] <= 1
  config = tiny.get_config((data, data))
  config.train.tasks, config.data.validation, config.data.folds = "aesthetics", False, 3
  for fold in range(3):
    config.data.left_out_fold = fold
    trained = batches.open_streams(config).train["aesthetics"].names
    own = frame.filter(pl.col("p1").sub(fold / 100).abs() < 1e-4)["path"].to_list()
    assert not set(own) & set(trained) and set(own) | set(trained) == set(whole.names)
  features = evaluate_model.read_features(stem.with_suffix(".parquet"), len(whole))
  (everything,) = pipeline.eval_batches(whole, batch_size=len(whole), image_size=SIZE)
  expected = everything.image.mean(axis=(1, 2), dtype=np.float32)
  np.testing.assert_array_equal(features, expected)
  twice = [*runs, runs[0]]
  for wrong, told in ((runs[:2], r"folds \[0, 1\] of 3"), (twice, "both leave out fold 0")):
    with pytest.raises(UserError, match=told):
      evaluate_model.evaluate_out_of_fold(tmp_path, data, wrong)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
  folder, _ = tiny.write_folders(tmp_path_factory.mktemp("prepared"))
  return records.open_split(folder, "train")


def test_features_stand_in_the_order_of_the_names(source):
  predicted = evaluate_model.predict(Brightness(), source, batch_size=7, features=True)
  (everything,) = pipeline.eval_batches(source, batch_size=len(source), image_size=SIZE)
  expected = everything.image.mean(axis=(1, 2), dtype=np.float32)
  assert predicted.features.shape == (len(source), 3) and predicted.features.dtype == np.float32
  np.testing.assert_array_equal(predicted.features[everything.index], expected)
  np.testing.assert_array_equal(predicted.aux, predicted.features[:, :2])
  assert predicted.names == list(source.names)


def test_features_are_not_kept_unless_asked_for(source):
  assert evaluate_model.predict(Brightness(), source).features is None


def test_of_a_model_of_aesthetics_alone_no_traits_are_told(source):
  class Alone(OfRun):
    tasks = "aesthetics"

  said = []
  for kind in (OfRun, Alone):
    model = kind(Path("20/model"))
    predicted = evaluate_model.predict(model, source)
    said.append(evaluate_model.measure(predicted, model, source.manifest))
  assert said[0].keys() == {"aesthetics", "score_with_traits"}
  assert said[1].keys() == {"aesthetics"}
