"""The fusion whose weights depend on the image: s_b = s_a + w(features) . s_p, w a small network.

As in the authors' released scripts, here on frozen features, which are the images' coordinates
[n, m]. Each split of each user has a network of its own, trained on that split's shots alone.
"""

from __future__ import annotations

import functools
import itertools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from paiaa_jax import rng
from paiaa_jax.errors import UserError
from paiaa_jax.personalization.solvers.base import Prediction, Shots, Solver, alone, shots_of
from paiaa_jax.personalization.splits import NEVER, Splits
from paiaa_jax.personalization.users import Users
from paiaa_jax.types import Array


@functools.lru_cache(maxsize=32)
def conditional(
  *,
  widths: tuple[int, ...] = (64,),
  learning_rate: float = 1e-3,
  weight_decay: float = 1e-2,
  steps: int = 100,
  block: int = 25,
) -> Solver:
  """A network for each user and split.

  Args:
    widths: units of the hidden layers; the authors' scripts have (1024, 512).
    learning_rate, weight_decay: of AdamW.
    steps: of training, each on all shots.
    block: splits of a user in memory at once; each holds a network and its gradients.

  Example:
    >>> import dataclasses
    >>> seen = images._replace(coordinates=np.asarray(outputs[:, :2], np.float32))
    >>> seen = dataclasses.replace(users, images=seen)
    >>> pz.evaluate(pz.conditional(steps=2), seen, splits).srcc_personal.shape
    (2, 8, 3)
  """
  train = functools.partial(
    fit_conditional, learning_rate=learning_rate, weight_decay=weight_decay, steps=steps
  )
  predict = functools.partial(_predict, widths=widths, train=train)
  everyone = functools.partial(_fit_all, predict=predict, block=block)
  return Solver(alone, predict, everyone, reads_coordinates=True)


def _predict(state: tuple[()], shots: Shots, *, widths: tuple[int, ...], train) -> Prediction:
  del state
  if not shots.coordinates.shape[1]:
    raise UserError("conditional fusion weighs by image features, and there are none.")
  layers = initial_layers(shots.coordinates.shape[1], widths, shots.outputs.shape[1])
  weights = train(layers, shots.coordinates, shots.outputs, shots.residuals, shots.seen)
  valid = (shots.position < NEVER)[:, None]
  mean = jnp.append(jnp.mean(weights, axis=0, where=valid), 0.0)  # no intercept
  return Prediction(shots.generic + jnp.sum(weights * shots.outputs, axis=1), weights=mean)


def _fit_all(
  state: tuple[()] | None, users: Users, splits: Splits, *, predict, block: int
) -> Prediction:
  """User after user, a block of splits at a time: all at once would hold all networks in memory."""
  del state
  shots = shots_of(users, splits)

  def one_user(own):
    *shared, ratings, seen, position = own

    def one_fit(fit):
      return predict((), Shots(*shared, *fit))

    return jax.lax.map(one_fit, (ratings.T, seen.T, position.T), batch_size=block)

  found = jax.lax.map(one_user, tuple(shots))
  return jax.tree.map(lambda leaf: jnp.moveaxis(leaf, 1, -1), found)


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
  outputs: Array,
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
    features: [n, f]; outputs: [n, k]; target: [n] rating less generic score; finite throughout.
    seen: [n].
    learning_rate, weight_decay: of AdamW.
    steps: each on all that is seen.
  """
  optimizer = optax.adamw(learning_rate, weight_decay=weight_decay)

  def loss(layers):
    added = jnp.sum(image_weights(layers, features) * outputs, axis=1)
    return jnp.sum(seen * jnp.square(target - added)) / jnp.maximum(jnp.sum(seen), 1)

  def step(state, _):
    layers, moments = state
    updates, moments = optimizer.update(jax.grad(loss)(layers), moments, layers)
    return (optax.apply_updates(layers, updates), moments), None

  (layers, _), _ = jax.lax.scan(step, (layers, optimizer.init(layers)), length=steps)
  return image_weights(layers, features)
