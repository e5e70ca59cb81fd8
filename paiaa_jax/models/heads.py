"""Pooled features [n, d] -> [n, m]: a score distribution (Eq. 1) or auxiliary outputs (Eq. 4)."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from paiaa_jax.errors import UserError
from paiaa_jax.models.norm import BatchNorm

ACTIVATIONS = {"softmax": nn.softmax, "tanh": jnp.tanh}
INITS = ("torch", "flat")


class Head(nn.Module):
  """(FC - BN - PReLU - dropout) for each width, then FC and the output's activation.

  Attributes:
    outputs: m, buckets of a distribution or auxiliary outputs.
    activation: "softmax" (a distribution) or "tanh" (each output in [-1, 1]).
    widths: units of the hidden layers; () makes the head linear.
    dropout: probability that a hidden unit is dropped in training.
    initialisation: of the FC layers. "torch": weights and biases uniform within 1 / sqrt(inputs),
      its defaults, which the authors used. "flat": lecun_normal, biases 0, and output weights 0, so
      that the first prediction is flat and no random function has to be unlearned.
    final_norm: a BN before the output's activation (the authors' released scripts).
    dtype: of the computation; parameters, statistics and the output stay float32.
  """

  outputs: int
  activation: str = "softmax"
  widths: tuple[int, ...] = (1024, 512)
  dropout: float = 0.5
  initialisation: str = "flat"
  final_norm: bool = False
  dtype: Any = jnp.float32

  @nn.compact
  def __call__(self, features: Array, *, train: bool) -> Array:
    if self.activation not in ACTIVATIONS:
      raise UserError(f"unknown activation {self.activation!r}; one of {', '.join(ACTIVATIONS)}.")
    if self.initialisation not in INITS:
      raise UserError(
        f"unknown model.head_init {self.initialisation!r}; one of {', '.join(INITS)}."
      )
    x = features
    for i, width in enumerate(self.widths):
      inits = torch_inits(x.shape[-1]) if self.initialisation == "torch" else {}
      x = nn.Dense(width, dtype=self.dtype, name=f"fc{i}", **inits)(x)
      x = BatchNorm(dtype=self.dtype, name=f"norm{i}")(x, use_running_average=not train)
      x = nn.PReLU(negative_slope_init=0.25, name=f"prelu{i}")(x)
      x = nn.Dropout(self.dropout, deterministic=not train)(x)
    flat: dict[str, Any] = {"kernel_init": nn.initializers.zeros}
    inits = torch_inits(x.shape[-1]) if self.initialisation == "torch" else flat
    x = nn.Dense(self.outputs, dtype=self.dtype, name="out", **inits)(x)
    if self.final_norm:
      x = BatchNorm(dtype=self.dtype, name="norm_out")(x, use_running_average=not train)
    return ACTIVATIONS[self.activation](x.astype(jnp.float32))


def torch_inits(inputs: int) -> dict[str, Any]:
  """torch.nn.Linear's own: weight and bias uniform within 1 / sqrt(inputs)."""
  bound = inputs**-0.5

  def uniform(key: Array, shape: tuple[int, ...], dtype: Any = jnp.float32) -> Array:
    return jax.random.uniform(key, shape, dtype, -bound, bound)

  return {"kernel_init": uniform, "bias_init": uniform}
