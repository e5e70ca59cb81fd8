"""Users' arrays made sound before any fit: shapes agree, padding is zero, nothing is absurd."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from paiaa_jax.personalization.splits import NEVER
from paiaa_jax.types import Array


class Users(NamedTuple):
  """u users with n images each, padded with zeros where `valid` is False.

  Attributes:
    generic: [u, n] float32, in points.
    traits: [u, n, k] float32.
    ratings: [u, n] float32, in points.
    valid: [u, n] bool.
  """

  generic: Array
  traits: Array
  ratings: Array
  valid: Array


def ids_or_positions(
  user_ids: Array | None, image_ids: Array | None, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
  """Ids of u users [u] and of their n images [u, n], by default their positions; shape is (u, n).

  Raises:
    ValueError: another number of ids than of users or images.
  """
  u, n = shape
  user_ids = np.arange(u) if user_ids is None else np.asarray(user_ids)
  image_ids = np.arange(n) if image_ids is None else np.asarray(image_ids)
  if user_ids.shape != (u,):
    raise ValueError(f"user_ids has shape {user_ids.shape}; {u} users need ({u},).")
  if image_ids.shape not in ((n,), (u, n)):
    raise ValueError(f"image_ids has shape {image_ids.shape}; it must be ({u}, {n}).")
  return user_ids, np.broadcast_to(image_ids, shape)


def check_users(
  generic: Array,
  traits: Array,
  ratings: Array,
  valid: Array,
  user_ids: Array,
  image_ids: Array,
  scale: tuple[float, float] | None = None,
) -> Users:
  """The arrays as Users, or a ValueError that names the first user at fault; see Users for shapes.

  `scale` is the (lowest, highest) rating possible.
  """
  valid = np.asarray(valid, bool)
  generic, ratings = np.asarray(generic, np.float32), np.asarray(ratings, np.float32)
  traits = np.asarray(traits, np.float32)
  for name, array in (("generic", generic), ("ratings", ratings), ("traits", traits)):
    if array.shape[:2] != valid.shape or array.ndim != (3 if name == "traits" else 2):
      raise ValueError(f"{name} has shape {array.shape}, but valid has {valid.shape}.")
  low, high = scale or (-np.inf, np.inf)
  out_of_range = np.isfinite(ratings) & ((ratings < low) | (ratings > high))
  faults = {
    "a rating that is not a finite number": ~np.isfinite(ratings),
    f"a rating outside {low:g}..{high:g}": out_of_range,
    "a generic score that is not a finite number": ~np.isfinite(generic),
    "an auxiliary output that is not a finite number": ~np.isfinite(traits).all(-1),
  }
  for fault, where in faults.items():
    _refuse(fault, where & valid, user_ids, image_ids)
  return Users(
    np.where(valid, generic, 0),
    np.where(valid[..., None], traits, 0),
    np.where(valid, ratings, 0),
    valid,
  )


def check_features(features: Array | None, valid: Array, user_ids: Array) -> np.ndarray:
  """Features [u, n, f] as float32, 0 where padded.

  Raises:
    ValueError: there are none, their shape is another, or one is not finite (with the user's id).
  """
  if features is None:
    raise ValueError("conditional fusion weighs by image features; give features [u, n, f].")
  features = np.asarray(features, np.float32)
  if features.shape[:2] != valid.shape or features.ndim != 3:
    raise ValueError(f"features have shape {features.shape}, but valid has {valid.shape}.")
  bad = (valid & ~np.isfinite(features).all(-1)).any(axis=1)
  if bad.any():
    raise ValueError(f"user {user_ids[bad][0]} has an image feature that is not a finite number.")
  return np.where(valid[..., None], features, 0)


def check_scores(
  scores: Array,
  position: np.ndarray,
  shots: tuple[int, ...],
  user_ids: np.ndarray,
  image_ids: np.ndarray,
) -> np.ndarray:
  """Scores [shots, u, n, s] of what is ranked, 0 elsewhere; position [u, n, s].

  Ranked is what is held out, of users with k + 2 images at least.

  Raises:
    ValueError: another shape, or a held-out score that is not finite.
  """
  scores = np.asarray(scores)
  if scores.shape != (len(shots), *position.shape):
    wanted = (len(shots), *position.shape)
    raise ValueError(f"scores have shape {scores.shape}; [shots, u, n, s] is {wanted} here.")
  ranked = np.stack([ranked_images(position, k) for k in shots])
  bad = ranked & ~np.isfinite(scores)
  if bad.any():
    i, u, n, s = np.argwhere(bad)[0]
    raise ValueError(
      f"the score of user {user_ids[u]}, image {image_ids[u, n]}, split {s}, k = {shots[i]} is "
      f"{scores[i, u, n, s]}, no finite number ({bad.sum()} such in all)."
    )
  return np.where(ranked, scores, 0)


def ranked_images(position: np.ndarray, k: int) -> np.ndarray:
  """What k shots leave to rank: [u, n, s] bool. Nothing of a user with fewer than k + 2 images."""
  valid = position < NEVER
  enough = valid.sum(axis=1, keepdims=True) >= k + 2
  return valid & (position >= k) & enough


def _refuse(fault: str, where: np.ndarray, user_ids: np.ndarray, image_ids: np.ndarray) -> None:
  """Raises for the first True of where [u, n]."""
  if where.any():
    row, column = np.argwhere(where)[0]
    others = int(where.any(axis=1).sum()) - 1
    more = f" ({others} more users have one)" if others else ""
    raise ValueError(
      f"user {user_ids[row]} has {fault}, at image {image_ids[row, column]}{more}; "
      "correct or drop it."
    )
