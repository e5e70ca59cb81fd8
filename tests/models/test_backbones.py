"""Backbones by their published sizes: parameter counts, the shape of each stage, both poolings."""

import functools
from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from paiaa_jax.errors import UserError
from paiaa_jax.models.backbones.efficientnet_lite import Depthwise
from paiaa_jax.models.convolutions import Conv, convolve, depthwise
from paiaa_jax.models.network import BACKBONES
from paiaa_jax.models.platform import traced_for_elsewhere
from paiaa_jax.models.pooling import pool


class Published(NamedTuple):
  """What is known of a backbone from its paper or its published code.

  Attributes:
    parameters: of the network without a classifier.
    stages: module -> [side, channels] of its output, at the backbone's own input size.
    multi_level: twice the channels (mean and standard deviation) of the layers that it pools.
    blocks: how many are recomputed in the backward pass with remat.
  """

  parameters: int
  stages: dict[str, tuple[int, int]]
  multi_level: int
  blocks: int


# By name, as other tests add backbones of their own to BACKBONES.
PUBLISHED = {
  "inception_v3": Published(
    parameters=21_785_568,  # torchvision's, without AuxLogits and fc
    stages={
      "Conv2d_1a_3x3": (149, 32),
      "Conv2d_2a_3x3": (147, 32),
      "Conv2d_2b_3x3": (147, 64),
      "Conv2d_3b_1x1": (73, 80),
      "Conv2d_4a_3x3": (71, 192),
      "Mixed_5b": (35, 256),
      "Mixed_5c": (35, 288),
      "Mixed_5d": (35, 288),
      "Mixed_6a": (17, 768),
      "Mixed_6e": (17, 768),
      "Mixed_7a": (8, 1280),
      "Mixed_7b": (8, 2048),
      "Mixed_7c": (8, 2048),
    },
    multi_level=2 * (64 + 192 + 288 + 768 + 1280 + 2048),
    blocks=11,
  ),
  "densenet121": Published(
    parameters=6_953_856,  # torchvision's, without its classifier
    stages={
      "stem": (112, 64),
      "block1_layer6": (56, 256),
      "transition1": (28, 128),
      "block2_layer12": (28, 512),
      "transition2": (14, 256),
      "block3_layer24": (14, 1024),
      "transition3": (7, 512),
      "block4_layer16": (7, 1024),
    },
    multi_level=2 * (64 + 256 + 512 + 1024 + 1024 + 1024),
    blocks=58,
  ),
  "efficientnet_lite0": Published(
    parameters=4_652_008 - 1_281_000,  # the whole network, less its classifier
    stages={
      "stem": (112, 32),
      "block0": (112, 16),
      "block2": (56, 24),
      "block4": (28, 40),
      "block7": (14, 80),
      "block10": (14, 112),
      "block14": (7, 192),
      "block15": (7, 320),
      "head": (7, 1280),
    },
    multi_level=2 * (16 + 24 + 40 + 80 + 112 + 192 + 320 + 1280),
    blocks=16,
  ),
  "efficientnet_lite1": Published(
    parameters=5_416_680 - 1_281_000,
    stages={"stem": (120, 32), "block6": (30, 40), "block20": (8, 320), "head": (8, 1280)},
    multi_level=2 * (16 + 24 + 40 + 80 + 112 + 192 + 320 + 1280),
    blocks=21,
  ),
  "efficientnet_lite2": Published(
    parameters=6_092_072 - 1_281_000,
    stages={"stem": (130, 32), "block6": (33, 48), "block20": (9, 352), "head": (9, 1280)},
    multi_level=2 * (16 + 24 + 48 + 88 + 120 + 208 + 352 + 1280),
    blocks=21,
  ),
}


def images(backbone, n=2):
  return jax.ShapeDtypeStruct((n, backbone.INPUT_SIZE, backbone.INPUT_SIZE, 3), jnp.float32)


@functools.cache
def abstract(name, **fields):
  """Shapes of (variables, output, every module's output), nothing computed."""
  backbone = BACKBONES[name]
  module = backbone(**fields)
  variables = jax.eval_shape(module.init, jax.random.key(0), images(backbone))

  def apply(variables, x):
    return module.apply(variables, x, capture_intermediates=True, mutable=["intermediates"])

  output, inner = jax.eval_shape(apply, variables, images(backbone))
  return variables, output, inner["intermediates"]


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameter_count_is_the_published_one(name):
  variables, _, _ = abstract(name)
  assert (
    sum(leaf.size for leaf in jax.tree.leaves(variables["params"])) == PUBLISHED[name].parameters
  )


@pytest.mark.parametrize("name", PUBLISHED)
def test_each_stage_has_its_published_shape(name):
  _, output, inner = abstract(name)
  for module, (side, channels) in PUBLISHED[name].stages.items():
    assert inner[module]["__call__"][0].shape == (2, side, side, channels), module
  assert output.shape == (2, BACKBONES[name].FEATURES)


@pytest.mark.parametrize("name", PUBLISHED)
def test_logits_and_multi_level_features_have_their_width(name):
  assert abstract(name, num_classes=1000)[1].shape == (2, 1000)
  assert abstract(name, pooling="multi_level")[1].shape == (2, PUBLISHED[name].multi_level)


@pytest.mark.parametrize("name", PUBLISHED)
def test_bfloat16_computes_in_it_and_keeps_variables_in_float32(name):
  variables, output, inner = abstract(name, dtype=jnp.bfloat16)
  assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype(jnp.float32)}
  assert {leaf.dtype for leaf in jax.tree.leaves(inner)} == {jnp.dtype(jnp.bfloat16)}
  assert output.dtype == jnp.bfloat16


@pytest.mark.parametrize("name", PUBLISHED)
def test_rematerialisation_wraps_every_block_and_changes_no_variable(name):
  backbone, plain = BACKBONES[name], abstract(name)[0]
  module = backbone(remat="blocks")
  found = abstract(name, remat="blocks")[0]
  assert jax.tree.map(jnp.shape, found) == jax.tree.map(jnp.shape, plain)
  jaxpr = jax.make_jaxpr(module.apply)(plain, images(backbone, 1))
  names = [equation.primitive.name for equation in jaxpr.eqns]
  assert sum(name in ("checkpoint", "remat", "remat2") for name in names) == PUBLISHED[name].blocks


def test_pooling_agrees_with_numpy():
  random = np.random.default_rng(0)
  levels = [random.normal(size=(2, side, side, 3)).astype(np.float32) for side in (5, 2)]
  np.testing.assert_allclose(pool(levels, "gap"), levels[-1].mean((1, 2)), rtol=1e-5, atol=1e-6)
  moments = [f(x, (1, 2)) for x in levels for f in (np.mean, np.std)]
  np.testing.assert_allclose(pool(levels, "multi_level"), np.concatenate(moments, 1), atol=1e-5)


def test_a_flat_layer_has_a_finite_gradient():
  gradient = jax.grad(lambda x: pool([x], "multi_level").sum())(jnp.ones((1, 4, 4, 2)))
  assert np.isfinite(gradient).all()


def test_an_unknown_pooling_lists_the_known_ones():
  with pytest.raises(UserError, match="gap, multi_level"):
    pool([jnp.ones((1, 1, 1, 1))], "max")


@pytest.mark.parametrize(("kernel", "stride", "side"), [(3, 1, 7), (3, 2, 8), (5, 2, 7), (5, 1, 4)])
def test_shifted_multiply_adds_are_the_depthwise_convolution(kernel, stride, side):
  x = np.random.default_rng(0).normal(size=(2, side, side + 1, 3)).astype(np.float32)
  module = Depthwise(kernel, stride)
  variables = jax.jit(module.init)(jax.random.key(0), x)
  expected = jax.lax.conv_general_dilated(
    x,
    variables["params"]["kernel"],
    (stride, stride),
    "SAME",
    dimension_numbers=("NHWC", "HWIO", "NHWC"),
    feature_group_count=3,
  )
  np.testing.assert_allclose(jax.jit(module.apply)(variables, x), expected, atol=1e-5)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
@pytest.mark.parametrize(("kernel", "stride", "side"), [(3, 1, 7), (3, 2, 8), (5, 2, 7)])
def test_the_gradients_of_shifted_multiply_adds_are_the_convolution_s(kernel, stride, side, dtype):
  random = np.random.default_rng(0)
  x = jnp.asarray(random.normal(size=(3, side, side + 1, 4)), dtype)
  weight = jnp.asarray(random.normal(size=(kernel, kernel, 1, 4)), dtype)

  def gradients():
    y, pull = jax.vjp(lambda x, weight: depthwise(x, weight, stride), x, weight)
    return pull(jnp.asarray(np.random.default_rng(1).normal(size=y.shape), y.dtype))

  ours = gradients()
  with traced_for_elsewhere():  # XLA's own convolution
    theirs = gradients()
  tolerance = 1e-5 if dtype == jnp.float32 else 0.1
  for one, other in zip(ours, theirs, strict=True):
    assert one.dtype == other.dtype
    np.testing.assert_allclose(*np.float32([one, other]), rtol=tolerance, atol=tolerance)


def test_a_pointwise_convolution_is_linens():
  x = jax.random.normal(jax.random.key(0), (3, 5, 7, 6))
  theirs = nn.Conv(4, (1, 1), use_bias=False)
  variables = theirs.init(jax.random.key(1), x)
  ours = Conv(4, (1, 1))
  assert jax.tree.all(jax.tree.map(jnp.array_equal, ours.init(jax.random.key(1), x), variables))
  found, expected = (module.apply(variables, x) for module in (ours, theirs))
  np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
  ("kernel", "stride", "padding"), [((1, 1), 1, "VALID"), ((1, 1), 2, "SAME"), ((3, 1), 1, 1)]
)
def test_a_convolution_of_ours_within_linens_is_linens(kernel, stride, padding):
  x = jax.random.normal(jax.random.key(0), (3, 5, 7, 6))
  plain = nn.Conv(4, kernel, stride, padding, use_bias=False)
  hooked = plain.clone(conv_general_dilated=convolve)
  variables = plain.init(jax.random.key(1), x)

  def gradients(module):
    return jax.value_and_grad(lambda *at: jnp.sum(jnp.sin(module.apply(*at))), (0, 1))(variables, x)

  found, expected = (jax.tree.leaves(gradients(module)) for module in (hooked, plain))
  for one, other in zip(found, expected, strict=True):
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
  program = jax.jit(hooked.apply).lower(variables, x).as_text()
  assert ("stablehlo.convolution" in program) == (kernel != (1, 1) or stride > 1)
