"""Predictions of a prepared split: a row an image, in the split's order, features beside it."""

import numpy as np
import pytest

from paiaa_jax.apps import evaluate_model
from paiaa_jax.data import pipeline, records
from paiaa_jax.types import Prediction
from tests.training import tiny

SIZE = 24


class Brightness:
  """A predictor whose features are an image's mean colours."""

  image_size, devices = SIZE, (None,)

  def stream(self, batches):
    for images in batches:
      colours = images.mean(axis=(1, 2), dtype=np.float32)
      yield Prediction(np.full((len(images), 5), 0.2, np.float32), colours[:, :2], colours)


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
