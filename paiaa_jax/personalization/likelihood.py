"""How likely is what a user told, given the scores [n] of the photographs: value and derivatives.

    rating      normal about the score, variance sigma^2
    rejection   a rating at or below the lowest: Phi((lowest - score) / sigma)
    pair        probit: Phi((better - worse) / sqrt(2 sigma^2))
    best of c   Plackett-Luce: softmax(scores / s), Gumbel noise of variance sigma^2

(Rasmussen and Williams 2006, section 3.3; Chu and Ghahramani, ICML 2005, for pairs; Luce 1959.)
All are log-concave. What decides between takes of one burst is mostly what the coordinates do not
show, such as focus or a blink, and their scores are nearly equal: noise of such a choice is
sigma^2 + tau^2, as if the takes were as different as any two photographs. An assumption: no
database known to us has such choices.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import special

from paiaa_jax.types import Array


class Choice(NamedTuple):
  """One of several photographs was called the best.

  Attributes:
    rows: of the photographs, two or more; the best first.
    takes: whether they are takes of one burst.

  Example:
    >>> pz.Choice((4, 0, 7)).takes  # of photographs 4, 0 and 7, the first was called the best
    False
  """

  rows: tuple[int, ...]
  takes: bool = False


class Pool(NamedTuple):
  """m choices among c photographs each: rows [m, c], the best first; takes [m]."""

  rows: np.ndarray
  takes: np.ndarray


class Told(NamedTuple):
  """What a user told of n photographs, in the model's points.

  Attributes:
    points: [n] ratings, NaN where none was given.
    rejected: [n] bool.
    lowest: the lowest score.
    pools: the choices, those among as many photographs together.
  """

  points: np.ndarray
  rejected: np.ndarray
  lowest: float
  pools: tuple[Pool, ...] = ()

  @property
  def ratings_alone(self) -> bool:
    """Whether the posterior is normal, and one Newton step finds it."""
    return not self.rejected.any() and not self.pools

  @property
  def own(self) -> np.ndarray:
    """[n] ratings, a rejection as the lowest; NaN where there is neither."""
    return np.where(self.rejected, self.lowest, self.points)


def ratings_alone(points: Array) -> Told:
  """Told by n ratings in points."""
  points = np.asarray(points, np.float64)
  return Told(points, np.zeros(len(points), bool), -np.inf)


def pool(choices: Sequence[Choice]) -> tuple[Pool, ...]:
  """The choices, those among as many photographs together."""
  pools = []
  for size in sorted({len(one.rows) for one in choices}):
    same = [one for one in choices if len(one.rows) == size]
    takes = np.asarray([one.takes for one in same])
    pools.append(Pool(np.asarray([one.rows for one in same]), takes))
  return tuple(pools)


class Block(NamedTuple):
  """The log-likelihood of a pool near the scores.

  Attributes:
    rows: [m, c] of its photographs.
    value: [m] at the scores.
    gradient: [m, c].
    factor: [m, c, t]; factor factor^T is the negative Hessian of each.
  """

  rows: np.ndarray
  value: np.ndarray
  gradient: np.ndarray
  factor: np.ndarray


class Local(NamedTuple):
  """The log-likelihood near the scores [n]: of each photograph's own, and of the choices.

  Attributes:
    value, gradient, weight: [n] of ratings and rejections; weight is the negative second
      derivative, and 0 where there is neither.
    blocks: one a pool.
  """

  value: np.ndarray
  gradient: np.ndarray
  weight: np.ndarray
  blocks: list[Block]

  def total(self) -> tuple[float, np.ndarray]:
    """The value and the gradient [n] of everything that was told."""
    value, gradient = float(self.value.sum()), self.gradient.copy()
    for block in self.blocks:
      value += float(block.value.sum())
      np.add.at(gradient, block.rows, block.gradient)
    return value, gradient

  def bend(self) -> np.ndarray:
    """[n, n], the whole negative Hessian."""
    whole = np.diag(self.weight)
    for rows, _, _, factor in self.blocks:
      np.add.at(whole, (rows[:, :, None], rows[:, None, :]), factor @ factor.transpose(0, 2, 1))
    return whole

  def factor(self) -> np.ndarray:
    """[n, t], t <= 2 n, whose product with its transpose is the whole negative Hessian."""
    n, own = len(self.weight), np.flatnonzero(self.weight)
    alone = np.zeros((n, len(own)))
    alone[own, np.arange(len(own))] = np.sqrt(self.weight[own])
    parts = [alone]
    for rows, _, _, factor in self.blocks:
      m, _, t = factor.shape
      part = np.zeros((n, m, t))
      part[rows, np.arange(m)[:, None]] = factor
      parts.append(part.reshape(n, m * t))
    whole = np.concatenate(parts, axis=1)
    if whole.shape[1] <= 2 * n:  # where an eigendecomposition would take longer than it saves
      return whole
    values, vectors = np.linalg.eigh(self.bend())
    return vectors * np.sqrt(np.maximum(values, 0))


def expand(told: Told, scores: np.ndarray, taste: float, noise: float) -> Local:
  """The log-likelihood near these scores [n], in points; `taste` tau^2 and `noise` sigma^2."""
  value, gradient, weight = np.zeros((3, len(scores)))
  rated = np.isfinite(told.points)
  gap = told.points[rated] - scores[rated]
  value[rated] = -(np.square(gap) / noise + np.log(2 * np.pi * noise)) / 2
  gradient[rated], weight[rated] = gap / noise, 1 / noise
  if told.rejected.any():
    out, sigma = told.rejected, np.sqrt(noise)
    value[out], slope, bend = _probit((told.lowest - scores[out]) / sigma)
    gradient[out], weight[out] = -slope / sigma, bend / noise
  blocks = []
  for rows, takes in told.pools:
    variance = noise + taste * takes[:, None]
    choose = _pairs if rows.shape[1] == 2 else _best
    blocks.append(Block(rows, *choose(scores[rows], variance)))
  return Local(value, gradient, weight, blocks)


def _pairs(scores: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
  """Value [m], gradient [m, 2] and factor [m, 2, 1] of scores [m, 2], noise variance [m, 1]."""
  scale, sign = np.sqrt(2 * variance), np.array([1.0, -1.0])
  value, slope, bend = _probit((scores[:, :1] - scores[:, 1:]) / scale)
  return value[:, 0], sign * slope / scale, (sign * np.sqrt(bend) / scale)[:, :, None]


def _best(scores: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
  """Value [m], gradient [m, c] and factor [m, c, c] of scores [m, c], noise variance [m, 1]."""
  scale = np.sqrt(6 * variance) / np.pi
  share = special.log_softmax(scores / scale, axis=1)
  value, share = share[:, 0], np.exp(share)
  c, root = scores.shape[1], np.sqrt(share)
  factor = root[:, :, None] * np.eye(c) - share[:, :, None] * root[:, None, :]
  return value, (np.eye(c)[0] - share) / scale, factor / scale[:, :, None]


def _probit(z: Array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
  """log Phi(z), its derivative, and its second derivative's negative."""
  value = special.log_ndtr(z)
  slope = np.exp(-np.square(z) / 2 - value) / np.sqrt(2 * np.pi)
  return value, slope, np.maximum(slope * (z + slope), 0)
