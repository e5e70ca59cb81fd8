"""A frozen backbone: features [n, d] computed once, heads [n, d] -> [n, m] fitted in closed form.

With a few hundred labelled photographs and thousands of features, a head is kernel ridge
regression: one eigendecomposition [n, n] for each set of training photographs, shared by every
strength, output and group of raters. Compiled once; `vmap` over targets.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from paiaa_jax.data import images
from paiaa_jax.models.network import backbone_class, normalize
from paiaa_jax.models.weights import pretrained
from paiaa_jax.types import Array

CONSTANT = 1e-6  # standard deviation of a feature that tells nothing


def extract(
  backbone: str,
  weights: Path,
  photos: Sequence[Path],
  *,
  size: int,
  pooling: str = "multi_level",
  batch_size: int = 17,
) -> np.ndarray:
  """Pooled features [n, d], float32: the mean of each photograph's and its mirror image's.

  Args:
    backbone: a key of models.network.BACKBONES.
    weights: its ImageNet weights, see models.pretrained.load.
    photos: n image files.
    size: pixels of the square that the whole photograph is resized to.
    pooling: "gap" or "multi_level", see models.pooling.
    batch_size: photographs at a time; one shape is compiled.
  """
  cls = backbone_class(backbone)
  network, variables = cls(pooling=pooling), pretrained.load(backbone, weights)

  @jax.jit
  def forward(pixels):
    scaled = normalize(pixels, cls.MEAN, cls.STD)
    both = network.apply(variables, scaled) + network.apply(variables, scaled[:, :, ::-1])
    return both / 2

  rows = []
  for start in range(0, len(photos), batch_size):
    batch = [
      images.resize_square(images.load(p, size), size) for p in photos[start : start + batch_size]
    ]
    padding = batch_size - len(batch)
    features = forward(np.pad(np.stack(batch), ((0, padding), (0, 0), (0, 0), (0, 0))))
    rows.append(np.asarray(features)[: len(batch)])
  return np.concatenate(rows)


@jax.jit
def kernel(features: Array, train: Array) -> Array:
  """Likeness of photographs in (0, 1], [n, n]: a Gaussian of the distance of their features [n, d].

  Each column is standardised by the training photographs (mask [n]) and squashed, as a few channels
  are far from Gaussian; the width is the mean length of the result: there is nothing to tune.
  """
  train = train.astype(features.dtype)
  count = jnp.sum(train)
  mean = train @ features / count
  std = jnp.sqrt(train @ jnp.square(features - mean[None, :]) / count)
  x = jnp.where(
    (std > CONSTANT)[None, :],
    jnp.tanh((features - mean[None, :]) / jnp.maximum(std, CONSTANT)[None, :]),
    0.0,
  )
  with jax.default_matmul_precision("highest"):
    inner = x @ x.T
  inner = inner * count / (train @ jnp.diagonal(inner))
  length = jnp.diagonal(inner)
  return jnp.exp(inner - (length[:, None] + length[None, :]) / 2)


def center(likeness: Array, train: Array) -> Array:
  """The kernel of functions that sum to 0 over the training photographs: [n, n] -> [n, n]."""
  train = train.astype(likeness.dtype)
  mean = likeness @ train / jnp.sum(train)
  return likeness - mean[:, None] - mean[None, :] + train @ mean / jnp.sum(train)


class Smoother(NamedTuple):
  """Ridge for one set of training photographs, ready for any target.

  Attributes:
    values: [n] eigenvalues of the centred kernel of the training photographs, 0 for the others.
    vectors: [n, n] its eigenvectors.
    cross: [n, n] centred kernel of every photograph (rows) with the training ones, else 0.
    train: [n] 1 for training photographs.
  """

  values: Array
  vectors: Array
  cross: Array
  train: Array


@jax.jit
@jax.default_matmul_precision("highest")
def make_smoother(likeness: Array, train: Array) -> Smoother:
  """kernel's [n, n] and the same mask [n] -> Smoother."""
  train = train.astype(likeness.dtype)
  cross = center(likeness, train) * train[None, :]
  values, vectors = jnp.linalg.eigh(cross * train[:, None])
  return Smoother(jnp.maximum(values, 0.0), vectors, cross, train)


@jax.jit
@jax.default_matmul_precision("highest")
def fit_heads(smoother: Smoother, targets: Array, strengths: Array) -> tuple[Array, Array]:
  """Every photograph predicted by a fit that has not seen it.

  Training rows are predicted by the fit to the other training rows (leave-one-out in closed form),
  the others by the fit to all of them. One strength serves all outputs, so that a predicted
  distribution sums to 1 as its targets do; it is the one of least leave-one-out error.

  Args:
    smoother: make_smoother's.
    targets: [n, m]; rows outside the training photographs are not looked at.
    strengths: [s] ridge penalties, as shares of the kernel's mean diagonal.

  Returns:
    predictions [n, m] and the strength chosen, scalar.
  """
  values, vectors, cross, train = smoother
  count = jnp.sum(train)
  mean = train @ targets / count
  y = jnp.where(train[:, None] > 0, targets - mean[None, :], 0.0)
  projected = vectors.T @ y
  scale = jnp.sum(values) / count

  def leave_one_out(strength):
    shrink = values / (values + strength * scale)
    fitted = vectors @ (shrink[:, None] * projected)
    pull = jnp.square(vectors) @ shrink + 1 / count  # the mean's share too
    return y - (y - fitted) / jnp.maximum(1 - pull, 1e-6)[:, None]

  left_out = jax.vmap(leave_one_out)(strengths)  # [s, n, m]
  error = jnp.sum(train[None, :, None] * jnp.square(left_out - y[None]), axis=(1, 2))
  best = jnp.argmin(error)
  dual = vectors @ (projected / (values + strengths[best] * scale)[:, None])
  predicted = jnp.where(train[:, None] > 0, left_out[best], cross @ dual)
  return mean[None, :] + predicted, strengths[best]
