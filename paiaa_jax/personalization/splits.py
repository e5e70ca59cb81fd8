"""Who is trained on what: users x images in, the order in which each split draws them out.

The order is that of a 64-bit hash of (seed, split, user id, image id), so it does not depend on
the machine, on the order of users and images, on the padding or on who else is evaluated. The
first k of the order are the k shots: those of k = 10 are among those of k = 100.
"""

from __future__ import annotations

import numpy as np

from paiaa_jax.types import Array

FNV_OFFSET, FNV_PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
LAST = np.uint64(0xFFFFFFFFFFFFFFFF)


def draw_order(
  valid: Array, user_ids: Array, image_ids: Array, *, num_splits: int, seed: int
) -> np.ndarray:
  """Position of each image in each split's draw.

  Args:
    valid: [u, n] bool, False where padded.
    user_ids: [u] strings or integers (7 and "7" are the same id).
    image_ids: [u, n] likewise; an image has the same id for every user.
    num_splits: s, how many draws.
    seed: any integer.

  Returns:
    [u, s, n] int32: 0 for the image drawn first; n where padded.
  """
  valid = np.asarray(valid, bool)
  n = valid.shape[1]
  splits = np.arange(num_splits, dtype=np.uint64)
  stream = _mix(splits + _mix(np.uint64(seed % 2**64)))  # [s]
  person = _mix(hash_ids(user_ids)[:, None] ^ stream)  # [u, s]
  draws = _mix(hash_ids(image_ids)[:, None, :] ^ person[:, :, None])  # [u, s, n]
  draws = np.where(valid[:, None, :], draws, LAST)
  order = np.empty(draws.shape, np.int32)
  positions = np.broadcast_to(np.arange(n, dtype=np.int32), draws.shape)
  np.put_along_axis(order, np.argsort(draws, axis=-1), positions, axis=-1)
  return np.where(valid[:, None, :], order, n)


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
