"""Vision transformers: images [n, h, w, 3], normalised -> features [n, d].

Dosovitskiy et al., ICLR 2021, as three families of weights have it:

    DINOv2 (Darcet et al., ICLR 2024)   class token, registers, a scale on each branch
    CLIP (Radford et al., ICML 2021)    class token, a norm before the first block
    SigLIP (Zhai et al., ICCV 2023)     no class token; pooled by attention. SigLIP 2 is the same

CLIP's activation is that of OpenAI's weights, x sigmoid(1.702 x). LAION's weights have the same
names and shapes and were trained with the exact GELU: nothing in a file tells them apart.

Positions are kept as the weights have them, on the grid of GRID_SIZE pixels, and interpolated to
the image's grid: bicubic with antialiasing, as timm and the DINOv2 with registers do it. Pixels
beyond the last whole patch are left out.
"""

from __future__ import annotations

from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from paiaa_jax.errors import UserError
from paiaa_jax.models.backbones.base import Backbone
from paiaa_jax.models.pooling import pool

ACTIVATIONS = {
  "gelu": lambda x: nn.gelu(x, approximate=False),
  "gelu_tanh": nn.gelu,
  "quick_gelu": lambda x: x * nn.sigmoid(1.702 * x),
}
DEPTHS = 4  # multi_level reads the patches at so many, evenly spaced; the last after the last norm


class MLP(nn.Module):
  """[n, t, d] -> [n, t, d] through 4 d hidden units."""

  activation: str
  dtype: Any = jnp.float32

  @nn.compact
  def __call__(self, x: Array) -> Array:
    y = nn.Dense(4 * x.shape[-1], dtype=self.dtype, name="fc1")(x)
    return nn.Dense(x.shape[-1], dtype=self.dtype, name="fc2")(ACTIVATIONS[self.activation](y))


def attend(query: Array, key: Array, value: Array, heads: int) -> Array:
  """Queries [n, q, d] attend to t tokens, keys and values [n, t, d] -> [n, q, d]."""
  by_head = (x.reshape(*x.shape[:2], heads, -1) for x in (query, key, value))
  return jax.nn.dot_product_attention(*by_head).reshape(query.shape)


class Block(nn.Module):
  """Tokens [n, t, d] -> the same, plus attention of their norm, plus an MLP of theirs."""

  heads: int
  activation: str
  epsilon: float
  layer_scale: bool
  dtype: Any = jnp.float32

  @nn.compact
  def __call__(self, x: Array) -> Array:
    d = x.shape[-1]
    y = nn.LayerNorm(self.epsilon, dtype=self.dtype, name="norm1")(x)
    y = nn.Dense(3 * d, dtype=self.dtype, name="qkv")(y)
    y = attend(*jnp.split(y, 3, axis=-1), self.heads)
    x = x + self._scaled(nn.Dense(d, dtype=self.dtype, name="proj")(y), "scale1")
    y = nn.LayerNorm(self.epsilon, dtype=self.dtype, name="norm2")(x)
    return x + self._scaled(MLP(self.activation, self.dtype, name="mlp")(y), "scale2")

  def _scaled(self, x: Array, name: str) -> Array:
    if not self.layer_scale:
      return x
    scale = self.param(name, nn.initializers.constant(1e-5), (x.shape[-1],), jnp.float32)
    return x * scale.astype(self.dtype).reshape(1, 1, -1)


class AttentionPool(nn.Module):
  """Tokens [n, t, d] -> [n, d]: attention of one learnt query, then an MLP."""

  heads: int
  activation: str
  epsilon: float
  dtype: Any = jnp.float32

  @nn.compact
  def __call__(self, x: Array) -> Array:
    n, _, d = x.shape
    latent = self.param("latent", nn.initializers.normal(d**-0.5), (d,), jnp.float32)
    query = nn.Dense(d, dtype=self.dtype, name="q")(latent.astype(self.dtype).reshape(1, 1, d))
    key, value = jnp.split(nn.Dense(2 * d, dtype=self.dtype, name="kv")(x), 2, axis=-1)
    x = attend(jnp.broadcast_to(query, (n, 1, d)), key, value, self.heads)
    x = nn.Dense(d, dtype=self.dtype, name="proj")(x)
    y = nn.LayerNorm(self.epsilon, dtype=self.dtype, name="norm")(x)
    return (x + MLP(self.activation, self.dtype, name="mlp")(y))[:, 0]


class ViT(Backbone):
  """See the module, and `models.pooling` for "gap": it gives the class token, or SigLIP's pooling.

  Multi-level features are means and deviations of the patches at DEPTHS depths, and that token.

  Attributes:
    PATCH: pixels of a side of a patch.
    DEPTH, HEADS: blocks, and heads of each.
    GRID_SIZE: pixels of a side of the images that the positions are of.
    CLASS_TOKEN: whether there is one; else features are pooled by attention.
    REGISTERS: further tokens, which no feature reads.
    LAYER_SCALE, PRE_NORM: a scale on each branch; a norm before the blocks and no bias of patches.
    EPSILON, ACTIVATION: of each norm and each MLP.
  """

  CLASSIFIER = False
  PATCH: ClassVar[int]
  DEPTH: ClassVar[int]
  HEADS: ClassVar[int]
  GRID_SIZE: ClassVar[int]
  CLASS_TOKEN: ClassVar[bool] = True
  REGISTERS: ClassVar[int] = 0
  LAYER_SCALE: ClassVar[bool] = False
  PRE_NORM: ClassVar[bool] = False
  EPSILON: ClassVar[float] = 1e-6
  ACTIVATION: ClassVar[str] = "gelu"

  @nn.compact
  def __call__(self, x: Array, *, train: bool = False) -> Array:
    if self.num_classes:
      raise UserError("a ViT has no ImageNet classifier; set model.head_input to pooled.")
    del train  # nothing here differs in training
    side, d, extra = self.PATCH, self.FEATURES, self.CLASS_TOKEN + self.REGISTERS
    patches = nn.Conv(
      d, (side, side), side, "VALID", use_bias=not self.PRE_NORM, dtype=self.dtype, name="patch"
    )(x)
    n, h, w, _ = patches.shape
    x = (patches + self._positions(h, w)).reshape(n, h * w, d)
    if extra:
      x = jnp.concatenate([jnp.broadcast_to(self._first_tokens(), (n, extra, d)), x], axis=1)
    if self.PRE_NORM:
      x = nn.LayerNorm(self.EPSILON, dtype=self.dtype, name="norm_pre")(x)
    block = self.recomputed(Block)
    settings = (self.HEADS, self.ACTIVATION, self.EPSILON)
    depths = [x]
    for i in range(self.DEPTH):
      x = block(*settings, self.LAYER_SCALE, self.dtype, name=f"block{i}")(x)
      depths.append(x)
    depths[-1] = x = nn.LayerNorm(self.EPSILON, dtype=self.dtype, name="norm")(x)
    pool_tokens = AttentionPool(*settings, self.dtype, name="pool")
    pooled = x[:, 0] if self.CLASS_TOKEN else pool_tokens(x)
    if self.pooling == "gap":
      return pooled
    read = [depths[-(-self.DEPTH * i // DEPTHS)][:, extra:] for i in range(1, DEPTHS + 1)]
    moments = pool([tokens.reshape(n, h, w, d) for tokens in read], self.pooling)
    return jnp.concatenate([moments, pooled.astype(moments.dtype)], axis=1)

  def _positions(self, h: int, w: int) -> Array:
    """[1, h, w, d], interpolated where the image is of another size than the weights'."""
    grid = self.GRID_SIZE // self.PATCH
    init = nn.initializers.normal(0.02)
    x = self.param("position", init, (grid, grid, self.FEATURES), jnp.float32)
    if (h, w) != (grid, grid):
      x = jax.image.resize(x, (h, w, self.FEATURES), "bicubic")
    return x[None].astype(self.dtype)

  def _first_tokens(self) -> Array:
    """[1, 1 + r, d]: the class token, its position in it, and r registers."""
    init, d = nn.initializers.normal(0.02), self.FEATURES
    tokens = [self.param("class_token", init, (1, d), jnp.float32)]
    if self.REGISTERS:
      tokens.append(self.param("registers", init, (self.REGISTERS, d), jnp.float32))
    return jnp.concatenate(tokens)[None].astype(self.dtype)


class DINOv2(ViT):
  """With registers; MEAN and STD are ImageNet's."""

  INPUT_SIZE = RESIZE = GRID_SIZE = 518
  INTERPOLATION = "bicubic"
  MEAN = (0.485, 0.456, 0.406)
  STD = (0.229, 0.224, 0.225)
  PATCH = 14
  REGISTERS = 4
  LAYER_SCALE = True


class DINOv2S14(DINOv2):
  """ViT-S/14."""

  FEATURES, DEPTH, HEADS = 384, 12, 6


class DINOv2B14(DINOv2):
  """ViT-B/14."""

  FEATURES, DEPTH, HEADS = 768, 12, 12


class DINOv2L14(DINOv2):
  """ViT-L/14."""

  FEATURES, DEPTH, HEADS = 1024, 24, 16


class CLIP(ViT):
  """Of OpenAI's; features are the class token before the projection to text."""

  INPUT_SIZE = RESIZE = GRID_SIZE = 224
  INTERPOLATION = "bicubic"
  MEAN = (0.48145466, 0.4578275, 0.40821073)
  STD = (0.26862954, 0.26130258, 0.27577711)
  PRE_NORM = True
  EPSILON = 1e-5
  ACTIVATION = "quick_gelu"


class CLIPB32(CLIP):
  """ViT-B/32."""

  FEATURES, DEPTH, HEADS, PATCH = 768, 12, 12, 32


class CLIPB16(CLIP):
  """ViT-B/16."""

  FEATURES, DEPTH, HEADS, PATCH = 768, 12, 12, 16


class CLIPL14(CLIP):
  """ViT-L/14."""

  FEATURES, DEPTH, HEADS, PATCH = 1024, 24, 16, 14


class SigLIPB16(ViT):
  """SigLIP's and SigLIP 2's base for 224 pixels: the same network."""

  INPUT_SIZE = RESIZE = GRID_SIZE = 224
  INTERPOLATION, CROPPED = "bicubic", False
  MEAN = STD = (0.5, 0.5, 0.5)
  FEATURES, DEPTH, HEADS, PATCH = 768, 12, 12, 16
  CLASS_TOKEN = False
  ACTIVATION = "gelu_tanh"
