"""ViTs and ConvNeXts: what they compute, and which files of weights they take. No torch here.

Against torch: test_encoders_against_torch.py.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import save_file

from launch import convert_weights
from paiaa_jax.errors import UserError
from paiaa_jax.models.network import BACKBONES, Network
from paiaa_jax.models.weights import pretrained
from tests.models.toy_encoders import DEPTH, TOYS, WIDTH

PIXELS = jax.ShapeDtypeStruct((2, 64, 64, 3), jnp.float32)


def hub_shapes():
  """Keys and shapes of DINOv2 with registers as the hub has it, at the size of our toy."""
  d = WIDTH
  square, vector = (d, d), (d,)
  shapes = {
    "embeddings.cls_token": (1, 1, d),
    "embeddings.mask_token": (1, d),
    "embeddings.position_embeddings": (1, 17, d),
    "embeddings.register_tokens": (1, 4, d),
    "embeddings.patch_embeddings.projection.weight": (d, 3, 14, 14),
    "embeddings.patch_embeddings.projection.bias": vector,
    "layernorm.weight": vector,
    "layernorm.bias": vector,
  }
  for i in range(DEPTH):
    layer = {f"attention.attention.{part}.weight": square for part in ("query", "key", "value")}
    layer |= {f"attention.attention.{part}.bias": vector for part in ("query", "key", "value")}
    layer |= {"attention.output.dense.weight": square, "attention.output.dense.bias": vector}
    layer |= {"mlp.fc1.weight": (4 * d, d), "mlp.fc1.bias": (4 * d,)}
    layer |= {"mlp.fc2.weight": (d, 4 * d), "mlp.fc2.bias": vector}
    layer |= {f"norm{j}.{leaf}": vector for j in (1, 2) for leaf in ("weight", "bias")}
    layer |= {f"layer_scale{j}.lambda1": vector for j in (1, 2)}
    shapes |= {f"encoder.layer.{i}.{key}": shape for key, shape in layer.items()}
  return shapes


@pytest.fixture
def weights():
  random = np.random.default_rng(0)
  return {key: random.normal(size=shape).astype(np.float32) for key, shape in hub_shapes().items()}


def test_the_parts_of_a_hub_file_are_put_together(weights):
  params = pretrained.from_torch("dinov2_toy", weights)["params"]
  query = weights["encoder.layer.1.attention.attention.query.weight"]
  np.testing.assert_array_equal(params["block1"]["qkv"]["kernel"][:, :WIDTH], query.T)
  value = weights["encoder.layer.1.attention.attention.value.bias"]
  np.testing.assert_array_equal(params["block1"]["qkv"]["bias"][-WIDTH:], value)
  position = weights["embeddings.position_embeddings"][0]
  np.testing.assert_array_equal(params["position"][1, 2], position[1 + 1 * 4 + 2])
  token = weights["embeddings.cls_token"][0, 0] + position[0]
  np.testing.assert_array_equal(params["class_token"][0], token)


@pytest.mark.parametrize(
  ("change", "message"),
  [
    ({"encoder.layer.2.norm1.weight": (WIDTH,)}, "unknown key 'block2.norm1.weight'"),
    ({"pooler.dense.weight": (WIDTH, WIDTH)}, "unknown key 'pooler.dense.weight'"),
    ({"encoder.layer.0.mlp.fc1.weight": None}, "no weights for params/block0/mlp/fc1/kernel"),
    ({"encoder.layer.0.attention.attention.key.bias": None}, "block0.k.bias is missing"),
    ({"layernorm.weight": (WIDTH + 1,)}, "dinov2_toy has"),
    ({"embeddings.position_embeddings": (1, 26, WIDTH)}, "dinov2_toy has"),
    ({"embeddings.position_embeddings": (1, 19, WIDTH)}, "no square of patches"),
    ({"norm.weight": (WIDTH,)}, "comes twice"),
  ],
)
def test_a_file_with_a_key_too_many_or_too_few_is_refused_by_name(
  weights, tmp_path, change, message
):
  for key, shape in change.items():
    weights |= {key: np.zeros(shape or (), np.float32)}
    if shape is None:
      del weights[key]
  save_file(weights, tmp_path / "x.safetensors")
  with pytest.raises(UserError, match=message):
    pretrained.load("dinov2_toy", tmp_path / "x.safetensors")


def test_a_converted_folder_says_how_its_weights_want_images(weights, tmp_path):
  save_file(weights, tmp_path / "x.safetensors")
  out = tmp_path / "out"
  convert_weights.convert("dinov2_toy", tmp_path / "x.safetensors", out, head=False, source="x")
  loaded, config = pretrained.load_model(out)
  jax.tree.map(
    np.testing.assert_array_equal,
    loaded["params"]["backbone"],
    pretrained.from_torch("dinov2_toy", weights)["params"],
  )
  wants = config["preprocessing"]
  assert (wants["interpolation"], wants["crop"], wants["mean"][0]) == ("bicubic", "center", 0.485)


def test_a_vit_has_no_classifier(weights, tmp_path):
  save_file(weights, tmp_path / "x.safetensors")
  with pytest.raises(UserError, match="no ImageNet classifier"):
    pretrained.load("dinov2_toy", tmp_path / "x.safetensors", head=True)
  network = Network("dinov2_toy", 5, head_input="logits")
  with pytest.raises(UserError, match=r"set model\.head_input"):
    jax.eval_shape(network.init, jax.random.key(0), jnp.zeros((1, 56, 56, 3), jnp.uint8))


@pytest.mark.parametrize("name", TOYS)
def test_bfloat16_computes_in_it_and_keeps_weights_in_float32(name):
  module = TOYS[name](dtype=jnp.bfloat16)
  variables = jax.eval_shape(module.init, jax.random.key(0), PIXELS)
  output, inner = jax.eval_shape(
    lambda v, x: module.apply(v, x, capture_intermediates=True, mutable=["intermediates"]),
    variables,
    PIXELS,
  )
  assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype(jnp.float32)}
  assert {leaf.dtype for leaf in jax.tree.leaves(inner)} == {jnp.dtype(jnp.bfloat16)}
  assert output.dtype == jnp.bfloat16


@pytest.mark.parametrize("name", TOYS)
def test_rematerialisation_wraps_every_block_and_changes_no_weight(name):
  cls = TOYS[name]
  variables = jax.eval_shape(cls().init, jax.random.key(0), PIXELS)
  again = jax.eval_shape(cls(remat="blocks").init, jax.random.key(0), PIXELS)
  assert jax.tree.map(jnp.shape, again) == jax.tree.map(jnp.shape, variables)
  jaxpr = jax.make_jaxpr(cls(remat="blocks").apply)(variables, PIXELS)
  names = [equation.primitive.name for equation in jaxpr.eqns]
  blocks = getattr(cls, "DEPTH", None) or sum(cls.DEPTHS)
  assert sum(name in ("checkpoint", "remat", "remat2") for name in names) == blocks


def test_multi_level_features_are_moments_of_the_patches_and_the_class_token():
  module = BACKBONES["dinov2_toy_4"](pooling="multi_level")
  x = jax.random.normal(jax.random.key(1), (2, 16, 18, 3))  # the last two columns are left out
  variables = jax.jit(module.init)(jax.random.key(0), x)
  features, inner = jax.jit(
    lambda v, x: module.apply(v, x, capture_intermediates=True, mutable=["intermediates"])
  )(variables, x)
  first, last = (inner["intermediates"][part]["__call__"][0] for part in ("block0", "norm"))
  patches = [first[:, 5:], first[:, 5:], last[:, 5:], last[:, 5:]]  # of two blocks, four depths
  moments = [f(tokens, axis=1) for tokens in patches for f in (np.mean, np.std)]
  expected = np.concatenate([*moments, last[:, 0]], axis=1)
  np.testing.assert_allclose(features, expected, atol=1e-5)
