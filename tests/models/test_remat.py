"""What a backward pass keeps of the forward pass, and what it computes again."""

import collections
import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.core import jaxprs_in_params

from paiaa_jax.models.backbones import densenet, efficientnet_lite, inception_v3
from paiaa_jax.models.backbones.base import REMAT, Backbone
from paiaa_jax.models.platform import compiler_options
from paiaa_jax.models.pooling import pool
from tests.models.toy_encoders import TOYS


class Blocks(Backbone):
  """One block of each backbone with BN."""

  @nn.compact
  def __call__(self, x, *, train=False):
    def block(kind, *fields):
      return self.recomputed(kind, static_argnums=(2,))(*fields)

    x = block(inception_v3.InceptionA)(x, train)
    x = block(densenet.DenseLayer)(x, train)
    x = block(efficientnet_lite.Block, x.shape[-1], 3, 1, 2)(x, train)
    return pool([x], "gap")


KINDS = {"with_bn": Blocks, "convnext": TOYS["convnextv2_toy"], "vit": TOYS["dinov2_toy"]}
SIDES = {"with_bn": 6, "convnext": 64, "vit": 56}
# Convolutions and matrix products; those that are written anew for the CPU have custom gradients.
PRODUCTS = {"conv_general_dilated", "dot_general", "custom_vjp_call"}
EACH = pytest.mark.parametrize("kind", KINDS)


def pieces(module, side, images=2):
  """(loss, params, image): the last two as shapes."""
  image = jax.ShapeDtypeStruct((images, side, side, 3), jnp.float32)
  variables = dict(jax.eval_shape(module.init, jax.random.key(0), image))
  params = variables.pop("params")
  others = jax.tree.map(lambda leaf: jnp.ones(leaf.shape), variables)

  def loss(params, image):
    features, _ = module.apply(
      {"params": params, **others}, image, train=True, mutable=["batch_stats"]
    )
    return jnp.sum(jnp.sin(features))

  return loss, params, image


def count(jaxpr) -> collections.Counter:
  """How often each primitive stands in a program, however deep."""
  found = collections.Counter(equation.primitive.name for equation in jaxpr.eqns)
  for equation in jaxpr.eqns:
    for inner in jaxprs_in_params(equation.params):
      found += count(inner)
  return found


@functools.cache
def traced(kind, remat):
  """How many products the gradient's program has, and the bytes that are kept for it."""
  loss, params, image = pieces(KINDS[kind](remat=remat), SIDES[kind])
  primitives = count(jax.make_jaxpr(jax.grad(loss))(params, image).jaxpr)
  kept = jax.eval_shape(lambda *at: jax.vjp(loss, *at)[1], params, image)
  size = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(kept))
  return sum(primitives[product] for product in PRODUCTS), size


@EACH
def test_no_product_is_computed_again_but_with_whole_blocks(kind):
  products = {remat: traced(kind, remat)[0] for remat in REMAT}
  assert products["all_but_products"] == products["none"] < products["blocks"]


@EACH
def test_the_less_is_kept_the_more_is_computed_again(kind):
  kept = {remat: traced(kind, remat)[1] for remat in REMAT}
  assert kept["blocks"] < kept["all_but_products"] < kept["none"]


@functools.cache
def compiled(remat):
  """The gradient's program, and values that it takes."""
  loss, *shapes = pieces(Blocks(remat=remat), SIDES["with_bn"])
  leaves, structure = jax.tree.flatten(shapes)
  random = np.random.default_rng(0)
  drawn = [random.normal(size=leaf.shape).astype(np.float32) for leaf in leaves]
  gradient = jax.jit(jax.grad(loss), compiler_options=compiler_options())
  return gradient.lower(*shapes).compile(), jax.tree.unflatten(structure, drawn)


@pytest.mark.parametrize("remat", ["blocks", "all_but_products"])
def test_gradients_are_those_without(remat):
  found, expected = (
    jax.tree.leaves(program(*values)) for program, values in map(compiled, (remat, "none"))
  )
  for one, other in zip(found, expected, strict=True):
    np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4 * np.abs(other).max())


@pytest.mark.skipif(not compiler_options(), reason="this jaxlib undoes it on the CPU")
def test_the_compiled_program_needs_less_memory_the_less_is_kept():
  needs = {remat: compiled(remat)[0].memory_analysis().temp_size_in_bytes for remat in REMAT}
  assert needs["blocks"] < needs["all_but_products"] < needs["none"]
