"""A model folder whose two files contradict themselves or each other is refused by the field."""

import json
import math

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from paiaa_jax.errors import UserError
from paiaa_jax.models.weights import model_folder, pretrained
from tests.photos.tiny_model import save_tiny_model


@pytest.fixture
def folder(tmp_path):
  return save_tiny_model(tmp_path / "model")


def edit(config, place, value):
  *parents, last = place.split(".")
  for name in parents:
    config = config[name]
  config[last] = value


@pytest.mark.parametrize(
  ("place", "value", "says"),
  [
    ("scale", [1, 2, 3, 4, math.nan], "scale holds a number that is not finite"),
    ("scale", [1, 2, 3, 4, math.inf], "scale holds a number that is not finite"),
    ("scale", [1, 2, 3, 4, 10**400], "model's config"),
    ("scale", [1, 2, 3, 3, 4], "scale is not ascending"),
    ("scale", [5, 4, 3, 2, 1], "scale is not ascending"),
    ("scale", [1, 2, 3, 4], "network.num_buckets is 5, scale has 4"),
    ("scale", "12345", r"array.*\$.scale"),
    ("scale", [1, 2, 3, 4, "5"], r"float.*\$.scale"),
    ("network.num_buckets", 6, "network.num_buckets is 6"),
    ("network.num_buckets", 5.5, r"int.*network.num_buckets"),
    ("network.num_buckets", -1, "network.num_buckets"),
    ("network.dtype", "float99", "network.dtype"),
    ("network.head_widths", [-3], "network.head_widths"),
    ("network.aux_names", list("abcde"), "network.aux_names are other names"),
    ("network", [], r"network"),
    ("preprocessing.image_size", 0, "preprocessing.image_size"),
    ("preprocessing.image_size", "16", "preprocessing.image_size"),
    ("preprocessing", None, "preprocessing"),
    ("aux_names", ["a", "b", "c", "d", "a"], "aux_names: 'a' stands there twice"),
    ("aux_names", ["a", "b", "c", "d", "path"], "aux_names: 'path'"),
    ("aux_names", ["a", "b", "c", "d", "p3"], "aux_names: 'p3'"),
    ("aux_names", ["a", "b", "c", "d", ""], "aux_names"),
    ("aux_names", ["a", "b", "c", "d", 7], "aux_names"),
    ("trained_on", 7, "trained_on"),
  ],
)
def test_a_field_that_cannot_be_is_named(folder, place, value, says):
  config = json.loads((folder / "config.json").read_text())
  edit(config, place, value)
  (folder / "config.json").write_text(json.dumps(config))
  with pytest.raises(UserError, match=says) as caught:
    model_folder.read(folder)
  assert "config.json" in str(caught.value)


def test_a_folder_that_says_what_was_recomputed_in_training_is_read(folder):
  config = json.loads((folder / "config.json").read_text())
  edit(config, "network.remat", True)  # as folders had it
  (folder / "config.json").write_text(json.dumps(config))
  assert "remat" not in model_folder.read(folder).network


@pytest.mark.parametrize("missing", ["network", "preprocessing", "scale", "aux_names"])
def test_a_field_that_is_missing_is_named(folder, missing):
  config = json.loads((folder / "config.json").read_text())
  del config[missing]
  (folder / "config.json").write_text(json.dumps(config))
  with pytest.raises(UserError, match=missing):
    model_folder.read(folder)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float16, ml_dtypes.bfloat16])
def test_a_weight_that_is_not_finite_is_named(folder, value, dtype):
  weights = load_file(folder / "model.safetensors")
  key = "params/backbone/conv1/kernel"
  weights[key] = weights[key].astype(dtype)
  weights[key].flat[5] = value
  pretrained.save_model(folder, weights, json.loads((folder / "config.json").read_text()))
  with pytest.raises(UserError, match=f"{key} holds a number that is not finite"):
    pretrained.load_model(folder)


@pytest.mark.parametrize("dtype", [np.int32, np.bool_, np.uint8])
def test_weights_of_another_type_are_named(folder, dtype):
  weights = load_file(folder / "model.safetensors")
  weights["params/backbone/conv1/kernel"] = np.zeros((3, 3, 3, 8), dtype)
  save_file(weights, folder / "model.safetensors")
  for read in (model_folder.read, pretrained.load_model):
    with pytest.raises(UserError, match="conv1/kernel is of type"):
      read(folder)


def test_weights_of_another_number_of_outputs_are_told(folder):
  weights = load_file(folder / "model.safetensors")
  weights["params/aesthetics/out/bias"] = np.zeros(7, np.float32)
  save_file(weights, folder / "model.safetensors")
  with pytest.raises(UserError, match=r"aesthetics/out/bias is \[7\].*num_buckets.*\[5\]"):
    model_folder.read(folder)
