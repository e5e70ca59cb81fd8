"""Images as a model sees them, and users who rated some of them: the one form of ratings.

Shapes: N images, k auxiliary outputs, m coordinates; u users with up to n images each, padded.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import NamedTuple

import jax
import numpy as np

from paiaa_jax.errors import UserError
from paiaa_jax.personalization.faults import rating_faults
from paiaa_jax.types import Array


class Images(NamedTuple):
  """What a model says of N images, each of them once.

  Attributes:
    generic: [N] float32, generic scores, in points.
    outputs: [N, k] float32, auxiliary outputs (traits or others).
    coordinates: [N, m] float32, of the images' features, for solvers that read them; m may be 0.

  Example:
    >>> images.outputs.shape
    (60, 5)
  """

  generic: Array
  outputs: Array
  coordinates: Array


def _no_ids() -> np.ndarray:
  return np.zeros(0, np.str_)


@functools.partial(
  jax.tree_util.register_dataclass,
  data_fields=["images", "row", "ratings", "valid"],
  meta_fields=[],
  drop_fields=["user_ids", "image_ids", "rating_range"],  # text stays outside compiled code
)
@dataclasses.dataclass(frozen=True)
class Users:
  """u users and their ratings of up to n images each; made and checked by `make_users`.

  Attributes:
    images: what they rated.
    row: [u, n] int32, rows of `images`; 0 where padded.
    ratings: [u, n] float32, in points; 0 where padded.
    valid: [u, n] bool, False where padded.
    user_ids: [u] strings or integers.
    image_ids: [N] likewise.
    rating_range: (lowest, highest) rating possible, or None.

  Example:
    >>> users.ratings.shape, users.outputs.shape, users.take([0, 3]).user_ids.tolist()
    ((8, 60), (8, 60, 5), [0, 3])
  """

  images: Images
  row: Array
  ratings: Array
  valid: Array
  user_ids: np.ndarray = dataclasses.field(default_factory=_no_ids)
  image_ids: np.ndarray = dataclasses.field(default_factory=_no_ids)
  rating_range: tuple[float, float] | None = None

  @property
  def generic(self) -> Array:
    """[u, n] generic scores of the images that each user rated; 0 where padded."""
    return self.images.generic[self.row] * self.valid

  @property
  def outputs(self) -> Array:
    """[u, n, k] auxiliary outputs likewise."""
    return self.images.outputs[self.row] * self.valid[..., None]

  @property
  def coordinates(self) -> Array:
    """[u, n, m] coordinates likewise."""
    return self.images.coordinates[self.row] * self.valid[..., None]

  def take(self, members: Array | slice) -> Users:
    """The users at these rows [v], with the same images."""
    return dataclasses.replace(
      self,
      row=self.row[members],
      ratings=self.ratings[members],
      valid=self.valid[members],
      user_ids=self.user_ids[members] if len(self.user_ids) else self.user_ids,
    )


def make_images(generic: Array, outputs: Array, coordinates: Array | None = None) -> Images:
  """Images of float32 arrays; without coordinates, m is 0. Shapes as in `Images`.

  Raises:
    ValueError: the arrays disagree on N.

  Example:
    >>> pz.make_images([3.1, 2.5], [[0.2], [-0.4]]).coordinates.shape
    (2, 0)
  """
  generic, outputs = np.asarray(generic, np.float32), np.asarray(outputs, np.float32)
  n = len(generic)
  coordinates = np.zeros((n, 0)) if coordinates is None else coordinates
  images = Images(generic, outputs, np.asarray(coordinates, np.float32))
  for name, array in images._asdict().items():
    if array.shape[:1] != (n,) or array.ndim != (1 if name == "generic" else 2):
      raise ValueError(f"{name} has shape {array.shape}, but generic has {generic.shape}.")
  return images


def make_users(
  images: Images,
  row: Array,
  ratings: Array,
  valid: Array | None = None,
  *,
  user_ids: Array | None = None,
  image_ids: Array | None = None,
  rating_range: tuple[float, float] | None = None,
) -> Users:
  """Users from arrays, checked; what is padded is set to 0.

  Args:
    images: see Images.
    row: [u, n] int, the images that each user rated.
    ratings: [u, n], in points.
    valid: [u, n] bool, False where padded (the others may hold anything there); None: all valid.
    user_ids: [u], and image_ids: [N]: splits are drawn from them; positions by default.
    rating_range: (lowest, highest) rating possible.

  Raises:
    ValueError: shapes that disagree, or a row that is no image's.
    UserError: a rating, score, output or coordinate that is not finite, or a rating out of range;
      it names the first user and image.

  Example:
    >>> pz.make_users(images, [[0, 1]], [[5, np.inf]])
    Traceback (most recent call last):
    paiaa_jax.errors.UserError: user 0 has a rating that is not a finite number, at image 1; ...
  """
  row = np.asarray(row, np.int32)
  valid = np.ones(row.shape, bool) if valid is None else np.asarray(valid, bool)
  ratings = np.asarray(ratings, np.float32)
  u, count = len(row), len(images.generic)
  user_ids = np.arange(u) if user_ids is None else np.asarray(user_ids)
  image_ids = np.arange(count) if image_ids is None else np.asarray(image_ids)
  wanted = {"row": row.shape, "ratings": row.shape, "valid": row.shape}
  wanted |= {"user_ids": (u,), "image_ids": (count,)}
  given = dict(row=row, ratings=ratings, valid=valid, user_ids=user_ids, image_ids=image_ids)
  for name, array in given.items():
    if array.shape != wanted[name] or row.ndim != 2:
      raise ValueError(f"{name} has shape {array.shape}; {wanted[name]} is needed, row is [u, n].")
  row = np.where(valid, row, 0)
  if row.size and not (row.min() >= 0 and row.max() < count):
    raise ValueError(f"row holds {row.min()}..{row.max()}; there are {count} images.")
  users = Users(images, row, np.where(valid, ratings, 0), valid, user_ids, image_ids, rating_range)
  _refuse_bad_values(users, ratings)
  return users


def _refuse_bad_values(users: Users, ratings: np.ndarray) -> None:
  """Raises for the first rating that no solver could use."""
  words = ("a generic score", "an auxiliary output", "an image coordinate")
  images = dict(zip(words, users.images, strict=True))
  faults = rating_faults(ratings, users.row, images, users.rating_range)
  for fault, where in faults.items():
    where = where & users.valid
    if where.any():
      user, column = np.argwhere(where)[0]
      others = int(where.any(axis=1).sum()) - 1
      more = f" ({others} more users have one)" if others else ""
      raise UserError(
        f"user {users.user_ids[user]} has {fault}, at image "
        f"{users.image_ids[users.row[user, column]]}{more}; correct or drop it."
      )
