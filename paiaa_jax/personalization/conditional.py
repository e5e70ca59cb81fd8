"""The fusion whose weights depend on the image: s_b = s_a + w(features) . s_p, w a small network.

As in the authors' released scripts, here on frozen features. Pooled features [n, f] and traits
[n, k] of one user's images in, what to add to the generic scores [n] out; each split of each user
has a network of its own, trained on that split's shots alone. `vmap` outside, in blocks.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from paiaa_jax import rng
from paiaa_jax.types import Array


class Layer(NamedTuple):
  """Weights [in, out], bias [out] and the slope [out] below zero (PReLU)."""

  weights: Array
  bias: Array
  slope: Array


def initial_layers(num_features: int, widths: tuple[int, ...], outputs: int) -> list[Layer]:
  """The start of every fit: He's normal weights, and a last layer of zeros, the generic score."""
  sizes = (num_features, *widths, outputs)
  layers = []
  for i, (size, out) in enumerate(itertools.pairwise(sizes)):
    scale = jnp.sqrt(2 / size) * (i < len(widths))
    weights = scale * jax.random.normal(rng.key(0, "conditional fusion", i), (size, out))
    layers.append(Layer(weights, jnp.zeros(out), jnp.full(out, 0.25)))
  return layers


def image_weights(layers: list[Layer], features: Array) -> Array:
  """Features [n, f] -> weights [n, k] in (-1, 1)."""
  for layer in layers[:-1]:
    features = features @ layer.weights + layer.bias[None, :]
    features = jnp.where(features > 0, features, layer.slope[None, :] * features)
  last = layers[-1]
  return jnp.tanh(features @ last.weights + last.bias[None, :])


def fit_conditional(
  layers: list[Layer],
  features: Array,
  traits: Array,
  target: Array,
  seen: Array,
  *,
  learning_rate: float,
  weight_decay: float,
  steps: int,
) -> Array:
  """Trains on the images whose `seen` [n] is 1 and returns the weights of all of them [n, k].

  Args:
    layers: where to start.
    features: [n, f]; traits: [n, k]; target: [n] rating less generic score; finite throughout.
    seen: [n].
    learning_rate, weight_decay: of AdamW.
    steps: each on all that is seen.
  """
  optimizer = optax.adamw(learning_rate, weight_decay=weight_decay)

  def loss(layers):
    added = jnp.sum(image_weights(layers, features) * traits, axis=1)
    return jnp.sum(seen * jnp.square(target - added)) / jnp.maximum(jnp.sum(seen), 1)

  def step(state, _):
    layers, moments = state
    updates, moments = optimizer.update(jax.grad(loss)(layers), moments, layers)
    return (optax.apply_updates(layers, updates), moments), None

  (layers, _), _ = jax.lax.scan(step, (layers, optimizer.init(layers)), length=steps)
  return image_weights(layers, features)
