"""Which image of a source stands where: its elements in the order of training or evaluation.

Not by grain's own shuffle: that draws other orders and knows no groups, and what was trained so
far was drawn in these. A crop needs the position too, which grain's maps over a shuffle lose.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, cast

import grain
import numpy as np

from paiaa_jax import rng
from paiaa_jax.types import Array

PADDING = -1  # in place of a row


class Drawn(NamedTuple):
  """A labelled image, where it comes from, and the how manieth drawn one it is.

  Attributes:
    record: of a Source; of padding any.
    row: of the source, or PADDING.
    position: counted from the first image of the first step, over all processes.
  """

  record: dict
  row: int
  position: int


class Slots(NamedTuple):
  """This process's places of each step: `share` of them from the `first` on, of `used` in all."""

  first: int
  share: int
  used: int

  def position(self, index: int) -> int:
    """Of its index-th place, or PADDING where that is behind those used."""
    step, slot = divmod(index, self.share)
    place = self.first + slot
    return step * self.used + place if place < self.used else PADDING


class Ordered(grain.MapDataset):
  """Elements of a dataset over a Source, one for each slot of each step, as Drawn."""

  def __init__(
    self, parent: grain.MapDataset, slots: Slots, steps: int, row_at: Callable[[int], int]
  ):
    """`row_at`: position -> row, or PADDING."""
    super().__init__(parent)
    self._slots, self._steps, self._row_at = slots, steps, row_at

  def __len__(self) -> int:
    return self._slots.share * self._steps

  def __getitem__(self, index):
    if isinstance(index, slice):
      return self.slice(index)
    position = self._slots.position(index)
    row = PADDING if position == PADDING else self._row_at(position)
    return Drawn(cast(dict, self._parent[max(row, 0)]), row, position)


class Shuffle:
  """Position -> row: a new order of n rows each time they are through, by seed and stream."""

  def __init__(self, count: int, seed: int, stream: str, groups: Array | None = None):
    """`groups` [n]: see pipeline.Draws."""
    self._count, self._seed, self._stream, self._groups = count, seed, stream, groups
    self._orders: dict[int, np.ndarray] = {}

  def __call__(self, position: int) -> int:
    epoch, offset = divmod(position, self._count)
    order = self._orders.get(epoch)
    if order is None:
      order = self._order(epoch)
      newest = dict(list(self._orders.items())[-7:])  # replaced whole: other threads may be reading
      self._orders = newest | {epoch: order}
    return int(order[offset])

  def _order(self, epoch: int) -> np.ndarray:
    random = rng.generator(self._seed, self._stream, epoch)
    if self._groups is None:
      return random.permutation(self._count)
    return balanced_order(self._groups, random)


def balanced_order(groups: Array, random: np.random.Generator) -> np.ndarray:
  """n rows [n] of n images [n] by group: the groups equally often, each one's images in turn.

  A group's images are shuffled, and shuffled again once all of them were drawn.
  """
  members = [np.flatnonzero(np.asarray(groups) == group) for group in np.unique(groups)]
  share = -(-len(groups) // len(members))
  rounds = [
    np.concatenate([random.permutation(own) for _ in range(-(-share // len(own)))])[:share]
    for own in members
  ]
  return random.permutation(np.concatenate(rounds))[: len(groups)]


def in_order(count: int, position: int) -> int:
  """The rows one after another, each once; PADDING behind the last."""
  return position if position < count else PADDING
