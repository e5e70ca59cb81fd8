"""Which of a user's images are shots and which are held out, in every split.

The order of the images in a split is that of a 64-bit hash of (seed, split, user id, image id), so
it does not depend on the machine, on the order of users and images, on the padding or on who else
is evaluated. The first k of the order are the k shots: those of k = 10 are among those of k = 100.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import NamedTuple

import jax
import numpy as np

from paiaa_jax.errors import UserError
from paiaa_jax.personalization.users import Users
from paiaa_jax.types import Array

FNV_OFFSET, FNV_PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
LAST = np.uint64(0xFFFFFFFFFFFFFFFF)
NEVER = 2**30  # a position after every other


class Protocol(NamedTuple):
  """How users are split into shots and held-out images.

  Attributes:
    shots: numbers k of ratings that a fit sees.
    num_splits: s, draws for each user.
    seed: of the draws, any integer.

  Example:
    >>> pz.Protocol(shots=(10,))
    Protocol(shots=(10,), num_splits=50, seed=0)
  """

  shots: tuple[int, ...] = (10, 100)
  num_splits: int = 50
  seed: int = 0


@functools.partial(
  jax.tree_util.register_dataclass,
  data_fields=["image", "position", "turn"],
  meta_fields=["shots"],
)
@dataclasses.dataclass(frozen=True)
class Splits:
  """What s splits draw from each of u users with n images.

  Attributes:
    image: [u, n, s] int32, the image (its column in Users) at each position; padding comes last.
    position: [u, n, s] int32, its inverse: where each image was drawn; NEVER for padding.
    turn: [u] int32, the user's place in an order of users by hash.
    shots: numbers k of ratings that a fit sees.

  Example:
    >>> splits.held_out(20).shape, splits.held_out(20)[0].sum(axis=0).tolist()
    ((8, 60, 3), [40, 40, 40])
  """

  image: Array
  position: Array
  turn: Array
  shots: tuple[int, ...]

  @property
  def num_splits(self) -> int:
    """s, draws for each user."""
    return self.position.shape[2]

  def take(self, members: Array | slice) -> Splits:
    """Those of the users at these rows [v]."""
    return dataclasses.replace(
      self, image=self.image[members], position=self.position[members], turn=self.turn[members]
    )

  def held_out(self, k: int) -> Array:
    """Which images k shots leave to rank: [u, n, s] bool; padding is not held out."""
    return (self.position >= k) & (self.position < NEVER)


def draw_splits(users: Users, protocol: Protocol) -> Splits:
  """Draws each user's images in an order of its own for each split.

  Ids are hashed as text: 7 and "7" are the same id.

  Raises:
    UserError: a number of shots below 1.

  Example:
    >>> pz.draw_splits(users, pz.Protocol(shots=(5,), num_splits=2)).image.shape
    (8, 60, 2)
  """
  if min(protocol.shots) < 1:
    raise UserError(f"shots are {tuple(protocol.shots)}; a fit needs at least 1 rating.")
  stream = np.arange(protocol.num_splits, dtype=np.uint64)
  start = _mix(np.uint64(protocol.seed % 2**64))
  stream = _mix(stream + start)  # [s]
  names = hash_ids(users.user_ids)
  turn = np.argsort(np.argsort(_mix(names ^ start))).astype(np.int32)
  user = _mix(names[:, None] ^ stream)  # [u, s]
  image_ids = hash_ids(users.image_ids)[users.row]  # [u, n]
  keys = _mix(image_ids[:, None, :] ^ user[:, :, None])  # [u, s, n]
  image = np.argsort(np.where(users.valid[:, None, :], keys, LAST), axis=-1).astype(np.int32)
  position = np.empty_like(image)
  places = np.broadcast_to(np.arange(users.valid.shape[1], dtype=np.int32), image.shape)
  np.put_along_axis(position, image, places, axis=-1)
  position = np.where(users.valid[:, None, :], position, np.int32(NEVER))
  image, position = (np.ascontiguousarray(x.transpose(0, 2, 1)) for x in (image, position))
  return Splits(image, position, turn, tuple(protocol.shots))


def hash_ids(ids: Array) -> np.ndarray:
  """64-bit FNV-1a hash of each id's text: any shape -> the same shape, uint64."""
  text = np.asarray(ids).astype(np.str_)
  letters = np.ascontiguousarray(text)[..., None].view(np.uint32).reshape(*text.shape, -1)
  hashes = np.full(text.shape, FNV_OFFSET)
  for i in range(letters.shape[-1]):
    letter = letters[..., i].astype(np.uint64)
    hashes = np.where(letter > 0, (hashes ^ letter) * FNV_PRIME, hashes)  # numpy pads with zeros
  return hashes


def _mix(values: Array | np.uint64) -> np.ndarray:
  """The splitmix64 finaliser: every bit of the input reaches every bit of the output."""
  with np.errstate(over="ignore"):
    values = np.asarray(values, np.uint64) + GOLDEN
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
  return values ^ (values >> np.uint64(31))
