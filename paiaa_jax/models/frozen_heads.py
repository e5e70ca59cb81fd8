"""Heads of a frozen backbone in closed form: features [n, d] and targets [n, b + k] -> the arrays
that models.frozen_network reads.

Principal coordinates, then kernel ridge on them. A photograph may weigh less than one; copies that
nobody rated do. Numpy in double precision; the arrays that are kept in half precision are rounded
before what follows is fitted to them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from paiaa_jax.models.kernel_ridge import CONSTANT

RANK = 1e-9  # components of a smaller share of the first one's variance are rounding
PENALTIES = 10.0 ** np.arange(-3, 1.01, 0.25)  # as shares of the kernel's diagonal, which is 1
COORDINATES = 256  # at most
Heads = dict[str, np.ndarray]


class Extra(NamedTuple):
  """Images that are no photographs with ratings.

  Attributes:
    features: [e, d].
    shares: [e, b] the distributions that they are given.
    weight: [e] what each counts, a photograph counting 1.
  """

  features: np.ndarray
  shares: np.ndarray
  weight: np.ndarray


def projection(features: np.ndarray, count: int = COORDINATES) -> Heads:
  """Standardisation and the first principal coordinates, at most the rank, of features [n, d].

  Each component's largest entry is positive, so that the same photographs give the same signs.
  """
  features = np.asarray(features, np.float64)
  mean, std = features.mean(axis=0), features.std(axis=0)
  scale = np.where(std > CONSTANT, 1 / np.maximum(std, CONSTANT), 0.0)
  x = np.tanh((features - mean) * scale)
  centred = x - x.mean(axis=0)
  values, vectors = np.linalg.eigh(centred @ centred.T)  # ascending; n is far below d
  rank = min(len(features) - 1, int(np.sum(values > RANK * values[-1])))
  kept = slice(None, -1 - min(count, rank), -1)
  basis = centred.T @ (vectors[:, kept] / np.sqrt(values[kept])[None, :])
  largest = np.argmax(np.abs(basis), axis=0)
  basis = basis * np.sign(np.take_along_axis(basis, largest[None], axis=0))
  basis = basis.astype(np.float16)
  offset = x.mean(axis=0) @ basis.astype(np.float64)
  named = {"mean": mean, "scale": scale, "offset": offset}
  return {"basis": basis} | {name: array.astype(np.float32) for name, array in named.items()}


def project(heads: Heads, features: np.ndarray) -> np.ndarray:
  """Features [n, d] -> coordinates [n, m], as models.frozen_network.coordinates."""
  x = np.tanh((np.asarray(features, np.float64) - heads["mean"]) * heads["scale"])
  return x @ heads["basis"].astype(np.float64) - heads["offset"]


def respond(heads: Heads, x: np.ndarray) -> np.ndarray:
  """Coordinates [n, m] -> raw outputs [n, b + k], as models.frozen_network.respond."""
  kernel = _gaussian(x, heads["centres"].astype(np.float64), float(heads["width"]))
  return kernel @ heads["dual"] + heads["intercept"]


def distributions(heads: Heads, features: np.ndarray, buckets: int) -> np.ndarray:
  """Features [n, d] -> score distributions [n, b] as the model's network gives them."""
  shares = np.maximum(respond(heads, project(heads, features))[:, :buckets], 0)
  return shares / shares.sum(axis=1, keepdims=True)


def fit(
  heads: Heads,
  features: np.ndarray,
  shares: np.ndarray,
  aux: np.ndarray,
  extra: Extra | None = None,
) -> Heads:
  """`heads`, a projection, with the kernel's arrays.

  One penalty serves the distribution, so that its predictions sum to 1, and one each auxiliary
  output: those of least leave-one-out error over the photographs alone. `extra` is not asked of
  the auxiliary outputs.

  Args:
    heads: see `projection`.
    features: [n, d] of the photographs.
    shares: [n, b] their distributions.
    aux: [n, k] their auxiliary targets.
    extra: more images that help with the distribution.
  """
  n, b = shares.shape
  extra = extra or Extra(features[:0], shares[:0], np.ones(0))
  known = project(heads, np.concatenate([features, extra.features]))
  centres = known.astype(np.float16).astype(np.float64)
  width = np.maximum(np.mean(np.sum(np.square(centres[:n]), axis=1)), CONSTANT)
  kernel = _gaussian(centres, centres, width)
  targets = np.concatenate([shares, aux], axis=1)
  intercept = targets.mean(axis=0)
  residual = np.concatenate([targets - intercept, np.zeros((len(extra.weight), targets.shape[1]))])
  residual[n:, :b] = extra.shares - intercept[:b]
  dual = np.zeros_like(residual)
  groups = [slice(0, b), *(slice(i, i + 1) for i in range(b, targets.shape[1]))]
  for columns in groups:
    penalty = choose_penalty(kernel[:n, :n], residual[:n, columns])
    rows = len(residual) if columns.start == 0 else n
    noise = penalty / np.concatenate([np.ones(n), extra.weight])[:rows]
    dual[:rows, columns] = np.linalg.solve(
      kernel[:rows, :rows] + np.diag(noise), residual[:rows, columns]
    )
  fitted = {"dual": dual, "intercept": intercept, "width": np.asarray(width)}
  kept = {name: array.astype(np.float32) for name, array in fitted.items()}
  return heads | {"centres": centres.astype(np.float16)} | kept


def choose_penalty(kernel: np.ndarray, targets: np.ndarray) -> float:
  """The one of PENALTIES of least leave-one-out error; kernel [n, n], targets [n, m]."""
  values, vectors = np.linalg.eigh(kernel)
  projected = vectors.T @ targets

  def error(penalty: float) -> float:
    shrunk = 1 / (np.maximum(values, 0) + penalty)
    dual = vectors @ (shrunk[:, None] * projected)
    return float(np.sum(np.square(dual / (np.square(vectors) @ shrunk)[:, None])))

  return float(min(PENALTIES, key=error))


def _gaussian(a: np.ndarray, b: np.ndarray, width: float) -> np.ndarray:
  square = np.sum(np.square(a), axis=1)[:, None] + np.sum(np.square(b), axis=1)[None, :]
  return np.exp(-np.maximum(square - 2 * a @ b.T, 0) / (2 * width))
