"""Who is trained on what: users x images in, the order in which each split draws them out.

The order is that of a 64-bit hash of (seed, split, user id, image id), so it does not depend on
the machine, on the order of users and images, on the padding or on who else is evaluated. The
first k of the order are the k shots: those of k = 10 are among those of k = 100.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from paiaa_jax.types import Array

FNV_OFFSET, FNV_PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
LAST = np.uint64(0xFFFFFFFFFFFFFFFF)
NEVER = 2**30  # a position after every other


class Draws(NamedTuple):
  """What s splits draw from each of u users with n images.

  Attributes:
    image: [u, n, s] int32, the image drawn at each position; padding comes last.
    position: [u, n, s] int32, its inverse: where each image was drawn; NEVER for padding.
    turn: [u] int32, the user's place in an order of users by hash.
  """

  image: np.ndarray
  position: np.ndarray
  turn: np.ndarray


def draw_splits(
  valid: Array, user_ids: Array, image_ids: Array, *, num_splits: int, seed: int
) -> Draws:
  """Draws each user's images in an order of its own for each split.

  Args:
    valid: [u, n] bool, False where padded.
    user_ids: [u] strings or integers (7 and "7" are the same id).
    image_ids: [u, n] likewise; an image has the same id for every user.
    num_splits: s, how many draws.
    seed: any integer.
  """
  valid = np.asarray(valid, bool)
  splits = np.arange(num_splits, dtype=np.uint64)
  start = _mix(np.uint64(seed % 2**64))
  stream = _mix(splits + start)  # [s]
  names = hash_ids(user_ids)
  turn = np.argsort(np.argsort(_mix(names ^ start))).astype(np.int32)
  person = _mix(names[:, None] ^ stream)  # [u, s]
  keys = _mix(hash_ids(image_ids)[:, None, :] ^ person[:, :, None])  # [u, s, n]
  image = np.argsort(np.where(valid[:, None, :], keys, LAST), axis=-1).astype(np.int32)
  position = np.empty_like(image)
  places = np.broadcast_to(np.arange(valid.shape[1], dtype=np.int32), image.shape)
  np.put_along_axis(position, image, places, axis=-1)
  position = np.where(valid[:, None, :], position, np.int32(NEVER))
  image, position = (np.ascontiguousarray(x.transpose(0, 2, 1)) for x in (image, position))
  return Draws(image, position, turn)


def hash_ids(ids: Array) -> np.ndarray:
  """64-bit FNV-1a hash of each id's text: any shape -> the same shape, uint64."""
  text = np.asarray(ids).astype(np.str_)
  letters = np.ascontiguousarray(text)[..., None].view(np.uint32).reshape(*text.shape, -1)
  hashes = np.full(text.shape, FNV_OFFSET)
  for i in range(letters.shape[-1]):
    letter = letters[..., i].astype(np.uint64)
    hashes = np.where(letter > 0, (hashes ^ letter) * FNV_PRIME, hashes)  # numpy pads with zeros
  return hashes


def _mix(values: Array) -> np.ndarray:
  """The splitmix64 finaliser: every bit of the input reaches every bit of the output."""
  with np.errstate(over="ignore"):
    values = np.asarray(values, np.uint64) + GOLDEN
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
  return values ^ (values >> np.uint64(31))
