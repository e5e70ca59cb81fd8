"""A model folder gives the same prediction for an image whatever stands beside it."""

import json
import shutil

import jax
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from paiaa_jax.errors import UserError
from paiaa_jax.models.predictor import Predictor
from paiaa_jax.models.weights.model_folder import model_id
from tests.photos.tiny_model import save_tiny_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
  return save_tiny_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def images():
  return np.random.default_rng(0).integers(0, 256, (33, 16, 16, 3), np.uint8)


@pytest.mark.parametrize("count", [1, 2, 7, 32])
def test_company_and_place_in_the_batch_change_no_bit(folder, images, count):
  predictor = Predictor(folder, batch_size=32)
  alone = predictor.predict(images[:1])
  for place in (0, count - 1):
    others = images[1:count]
    batch = np.insert(others, place, images[0], axis=0)
    together = predictor.predict(batch)
    for one, many in zip(alone, together, strict=True):
      np.testing.assert_array_equal(one[0], many[place])


def test_the_compiled_shape_is_traced_once_for_any_number_of_images(folder, images):
  predictor = Predictor(folder, batch_size=4)
  predictor.predict(images[:2])
  before = predictor._apply._cache_size()  # predictors of one network share what is compiled
  for count in (0, 1, 4, 5, 33):
    assert len(predictor.predict(images[:count]).distribution) == count
  assert predictor._apply._cache_size() == before


def test_other_batch_sizes_agree_to_rounding(folder, images):
  expected = Predictor(folder, batch_size=32).predict(images)
  for batch_size in (1, 5):
    found = Predictor(folder, batch_size=batch_size).predict(images)
    for a, b in zip(expected, found, strict=True):
      np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_many_devices_predict_to_the_bit_what_one_does(folder, images):
  one = Predictor(folder, batch_size=2)
  eight = Predictor(folder, batch_size=2, devices=jax.devices())
  # XLA before that of jax 0.10 rounds a program of several devices otherwise
  most = 0.0 if jax.__version_info__ >= (0, 10) else 1e-5
  for count in (33, 3, 0):
    for a, b in zip(one.predict(images[:count]), eight.predict(images[:count]), strict=True):
      np.testing.assert_allclose(a, b, rtol=most, atol=most / 10)


def test_a_stream_of_batches_comes_back_in_order_one_late(folder, images):
  predictor = Predictor(folder, batch_size=4)
  started = []

  def batches():
    for start in (0, 4, 20, 32):
      started.append(start)
      yield images[start : min(start + 16, 33)]

  for number, found in enumerate(predictor.stream(batches())):
    assert len(started) == min(number + 2, 4)
    start = started[number]
    expected = predictor.predict(images[start : min(start + 16, 33)])
    for a, b in zip(found, expected, strict=True):
      np.testing.assert_array_equal(a, b)


def test_the_id_changes_with_either_file(folder, tmp_path):
  before = model_id(folder)
  for name in ("model.safetensors", "config.json"):
    (tmp_path / name).write_bytes((folder / name).read_bytes())
  assert model_id(tmp_path) == before
  config = json.loads((tmp_path / "config.json").read_text())
  (tmp_path / "config.json").write_text(json.dumps({**config, "tasks": "aesthetics"}))
  assert model_id(tmp_path) != before


def test_wrong_input_says_what_is_wanted(folder, images, tmp_path):
  with pytest.raises(UserError, match="no model folder"):
    Predictor(tmp_path)
  with pytest.raises(ValueError, match=r"uint8 \[n, 16, 16, 3\]"):
    Predictor(folder).predict(images[:, :8])
  with pytest.raises(ValueError, match="float"):
    Predictor(folder).predict(images.astype(np.float32))
  with pytest.raises(ValueError, match="batch_size"):
    Predictor(folder, batch_size=0)


def test_the_model_of_a_later_version_is_told_from_a_broken_one(folder, tmp_path):
  shutil.copytree(folder, tmp_path / "later")
  path = tmp_path / "later" / "config.json"
  config = json.loads(path.read_text())
  path.write_text(json.dumps(config | {"network": config["network"] | {"attention": 3}}))
  with pytest.raises(UserError, match=r"config\.json .*attention.*install a newer paiaa-jax"):
    Predictor(tmp_path / "later")


@pytest.mark.parametrize(
  ("spoil", "says"),
  [
    (
      lambda kernel: kernel[:, :, :4],
      r'(?=.*\(3, 3, 8, 8\))(?=.*\(3, 3, 4, 8\)).*"/backbone/conv2"',
    ),
    (lambda kernel: None, 'Could not find parameter named "kernel".*conv2'),
  ],
)
def test_weights_of_another_network_are_one_line_that_names_them(
  folder, images, tmp_path, spoil, says
):
  shutil.copytree(folder, tmp_path / "model")
  file, key = tmp_path / "model" / "model.safetensors", "params/backbone/conv2/kernel"
  weights = load_file(file)
  weights[key] = spoil(weights[key])
  save_file({name: array for name, array in weights.items() if array is not None}, file)
  with pytest.raises(UserError, match=says) as told:
    Predictor(tmp_path / "model", batch_size=1).predict(images[:1])
  assert "model.safetensors holds other weights" in str(told.value)
  assert "\n" not in str(told.value)
