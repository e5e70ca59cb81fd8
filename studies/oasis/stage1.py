"""Stage 1 on a frozen backbone: five sets of heads, each fitted without one fold of photographs.

A photograph's outputs never rest on its own labels: those of the training photographs are
leave-one-out predictions. Shapes: f folds, n photographs, g blocks of users (each has
other users, and so heads, of its own), b buckets, k auxiliary outputs.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from paiaa_jax.models import kernel_ridge
from paiaa_jax.types import Array
from studies.oasis.study import Draw, Study, distribution

STRENGTHS = tuple(float(s) for s in 10.0 ** np.arange(-2, 1.01, 0.25))


class Heads(NamedTuple):
  """Outputs of each fold's heads for all photographs.

  Attributes:
    distribution: [f, g, n, b], rows summing to 1; a share may fall below 0, the heads are linear.
    aux: [f, n, k], predicted norms, of mean 0 and deviation 1 over the fold's training photographs.
    strength: [f, 1 + k], the ridge strengths chosen: of the first block, then of each output.
  """

  distribution: np.ndarray
  aux: np.ndarray
  strength: np.ndarray


_fit_each = jax.jit(jax.vmap(kernel_ridge.fit_heads, in_axes=(None, 0, None)))


def fit(features: Array, study: Study, drawn: Draw, blocks: tuple[int, ...]) -> Heads:
  """Heads for the users that remain without each of `blocks`; features [n, d]."""
  others = [distribution(study.ratings[drawn.block != block], study.scale) for block in blocks]
  targets = jnp.asarray(np.stack(others))
  norms = jnp.asarray(study.norms.T[..., None])  # k targets of one column
  strengths = jnp.asarray(STRENGTHS)
  folds = []
  for fold in range(drawn.photo_fold.max() + 1):
    train = drawn.photo_fold != fold
    smoother = kernel_ridge.make_smoother(kernel_ridge.kernel(features, train), train)
    shares, first = _fit_each(smoother, targets, strengths)
    norm, rest = _fit_each(smoother, norms, strengths)
    folds.append(
      (shares, standardize(np.asarray(norm[..., 0]).T, train), jnp.append(first[0], rest))
    )
  return Heads(*(np.stack(parts) for parts in zip(*folds, strict=True)))


def standardize(values: np.ndarray, train: np.ndarray) -> np.ndarray:
  """Columns of values [n, k] to mean 0 and deviation 1 over the training rows."""
  return (values - values[train].mean(axis=0)) / values[train].std(axis=0)


def own_fold(values: np.ndarray, photo_fold: np.ndarray) -> np.ndarray:
  """[f, n, ...] -> [n, ...]: each photograph by the heads that were fitted without its fold."""
  return values[photo_fold, np.arange(len(photo_fold))]
