"""Real ImageNet weights put to work, and files that do not fit refused by the key at fault."""

import os
import stat

import jax
import numpy as np
import pytest
from flax import traverse_util
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors.numpy import save_file
from skimage import data as photographs

from paiaa_jax.errors import UserError
from paiaa_jax.models.network import BACKBONES, normalize
from paiaa_jax.models.weights import pretrained, torch_files, torch_keys

# by name: other tests add backbones of their own to the dict
PUBLISHED = ("inception_v3", "densenet121", "efficientnet_lite0")

NAME = "efficientnet_lite0"
CLASSES = {  # photograph -> ImageNet classes that are right for it
  "chelsea": {281, 282, 285},  # tabby, tiger cat, Egyptian cat
  "coffee": {967},  # espresso
  "rocket": {657, 812},  # missile, space shuttle
}


@pytest.fixture
def weights():
  return torch_files.read(pretrained.packaged_path(NAME))


def square(photograph, side):
  image = Image.fromarray(photograph)
  cut = min(image.size) * 0.875
  left, top = (image.width - cut) / 2, (image.height - cut) / 2
  box = (left, top, left + cut, top + cut)
  return np.asarray(image.resize((side, side), Image.Resampling.BICUBIC, box=box))


def test_packaged_weights_recognise_photographs():
  backbone = BACKBONES[NAME]
  images = np.stack([square(getattr(photographs, name)(), backbone.INPUT_SIZE) for name in CLASSES])
  variables = pretrained.load(NAME, pretrained.packaged_path(NAME), head=True)
  normal = normalize(images, backbone.MEAN, backbone.STD)
  logits = jax.jit(backbone(num_classes=1000).apply)(variables, normal)
  for name, index in zip(CLASSES, np.argmax(logits, axis=1), strict=True):
    assert int(index) in CLASSES[name], name


def test_the_classifier_is_loaded_on_demand_only():
  path = pretrained.packaged_path(NAME)
  assert "fc" not in pretrained.load(NAME, path)["params"]
  assert pretrained.load(NAME, path, head=True)["params"]["fc"]["kernel"].shape == (1280, 1000)


def test_safetensors_hold_the_same_as_torch_s_file(weights, tmp_path):
  save_file(weights, tmp_path / "w.safetensors")
  ours = pretrained.load(NAME, tmp_path / "w.safetensors")
  theirs = pretrained.load(NAME, pretrained.packaged_path(NAME))
  jax.tree.map(np.testing.assert_array_equal, ours, theirs)


def test_a_missing_key_is_named(weights):
  del weights["_blocks.3._expand_conv.weight"]
  with pytest.raises(KeyError, match="params/block3/expand/kernel"):
    pretrained.from_torch(NAME, weights)


def test_a_wrong_shape_is_named(weights):
  with pytest.raises(KeyError, match=r"_conv_head\.weight"):
    pretrained.from_torch(NAME, {**weights, "_conv_head.weight": np.zeros((1280, 319, 1, 1))})


@given(key=st.lists(st.sampled_from(["norm1", "conv", "_blocks", "0", "fc", "weight", ""])))
@settings(max_examples=50, deadline=None)
@pytest.mark.parametrize("name", PUBLISHED)
def test_a_strange_key_is_named_whatever_it_is(name, key):
  key = ".".join([*key, "stranger"])
  with pytest.raises(KeyError, match="unknown key"):
    pretrained.from_torch(name, {key: np.zeros(1)})


def test_another_backbone_s_file_is_refused_and_named():
  with pytest.raises(UserError, match=r"57934424\.pth: unknown key .* for densenet121"):
    pretrained.load("densenet121", pretrained.packaged_path(NAME))


def test_densenet_s_old_key_names_are_the_new_ones():
  for module in ("norm", "conv"):
    for i in (1, 2):
      layer = "features.denseblock2.denselayer7"
      path = torch_keys.translate("densenet121", f"{layer}.{module}.{i}.weight")
      assert path == torch_keys.translate("densenet121", f"{layer}.{module}{i}.weight")
      assert path[1:3] == ("block2_layer7", f"{module}{i}")


def test_a_key_under_both_names_is_refused():
  conv = np.zeros((128, 64, 1, 1))
  twice = {f"features.denseblock1.denselayer1.{c}.weight": conv for c in ("conv1", "conv.1")}
  with pytest.raises(KeyError, match="comes twice"):
    pretrained.from_torch("densenet121", twice)


def test_only_one_backbone_comes_in_a_package():
  with pytest.raises(UserError, match=r"model\.pretrained"):
    pretrained.packaged_path("inception_v3")


def test_a_model_folder_gives_back_what_was_saved(tmp_path):
  kernel = np.random.default_rng(0).normal(size=(3, 3, 3, 4))
  variables = {
    "params": {"backbone": {"stem": {"kernel": kernel, "transposed": kernel.T}}},
    "batch_stats": {"head": {"prelu": {"slope": np.float32(0.25)}}},
  }
  pretrained.save_model(tmp_path / "model", variables, {"scale": [1.0, 2.0]})
  read, config = pretrained.load_model(tmp_path / "model")
  assert config == {"scale": [1.0, 2.0]}
  assert read.keys() == variables.keys()
  flat, expected = (traverse_util.flatten_dict(tree, sep="/") for tree in (read, variables))
  assert flat.keys() == expected.keys()
  for key, array in expected.items():
    np.testing.assert_array_equal(flat[key], array, strict=True)


def test_whoever_may_read_a_models_config_may_read_its_weights(tmp_path):
  pretrained.save_model(tmp_path, {"params": {"kernel": np.zeros(3, np.float32)}}, {})
  modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
  umask = os.umask(0)
  os.umask(umask)
  assert modes == {0o666 & ~umask}


def test_a_folder_without_a_model_says_so(tmp_path):
  with pytest.raises(UserError, match="no model folder"):
    pretrained.load_model(tmp_path)


def test_a_broken_safetensors_file_is_one_error_that_names_it(tmp_path):
  (tmp_path / "w.safetensors").write_bytes(b"not weights")
  with pytest.raises(UserError, match=r"w\.safetensors cannot be read as safetensors"):
    pretrained.load(NAME, tmp_path / "w.safetensors")
