"""The Python side: a model that scores images in memory or on disk, and learns a person's taste.

model = paiaa_jax.load()
predictions = model.score(["a.jpg", "b.jpg"])
predictions.suggest(20)  # which of them to rate first
profile = model.personalize(["a.jpg", ...], [4, ...])
predictions.personal(profile), predictions.explain(profile)
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from PIL import Image

from paiaa_jax.data import images
from paiaa_jax.distribution import score_std
from paiaa_jax.errors import UserError
from paiaa_jax.models import vector
from paiaa_jax.models.predictor import Predictor
from paiaa_jax.models.weights.model_folder import ModelFolder
from paiaa_jax.personalization.active import choose_next
from paiaa_jax.personalization.given import Given, as_given
from paiaa_jax.personalization.posterior import Photographs
from paiaa_jax.personalization.profile import Parts, Profile
from paiaa_jax.photos import personal, prior_file, profile_file, score
from paiaa_jax.photos.choose_model import open_model

Picture = str | Path | bytes | np.ndarray | Image.Image


class Predictions(NamedTuple):
  """What the model says of n images.

  Attributes:
    model: which model.
    vectors: [n, b + k] float32, rows of models.vector.
    coordinates: [n, m] float16; m is 0 for a model without.
    index: [n] which of the images given these are: all of them, unless some were skipped.
  """

  model: ModelFolder
  vectors: np.ndarray
  coordinates: np.ndarray
  index: np.ndarray

  def __repr__(self) -> str:
    return f"<Predictions of {len(self.index)} images by {self.model.model_id}>"

  @property
  def score(self) -> np.ndarray:
    """Generic scores [n], from the first to the last of `model.score_values`."""
    return personal.generic_scores(self.vectors, self.model)

  @property
  def std(self) -> np.ndarray:
    """Standard deviation [n] of each distribution, in points."""
    return score_std(self.distribution, self.model.score_values)

  @property
  def distribution(self) -> np.ndarray:
    """[n, b], each row sums to 1."""
    return vector.distribution_of(self.vectors, self.model)

  @property
  def traits(self) -> np.ndarray:
    """[n, k] in [-1, 1], named by `model.aux_names`."""
    return vector.outputs_of(self.vectors, self.model)

  def personal(self, profile: Profile) -> np.ndarray:
    """Personal scores [n]; UserError for a profile of another model."""
    return personal.check_model(profile, self.model).score(self.photographs)

  def explain(self, profile: Profile) -> Parts:
    """What the personal scores are made of, [n] each; their sum is `personal(profile)`."""
    return personal.check_model(profile, self.model).parts(self.photographs)

  def suggest(self, count: int, rated: Sequence[int] = ()) -> np.ndarray:
    """Rows [count] of the images whose ratings would tell most of all n; rows `rated` are known."""
    done = np.zeros(len(self.vectors), bool)
    done[list(rated)] = True
    return choose_next(
      self.photographs, done, count, prior=prior_file.of_model_or_broad(self.model)
    )

  @property
  def photographs(self) -> Photographs:
    """What taste is learnt from."""
    return personal.photographs_of(self.vectors, self.coordinates, self.model)


class Model:
  """A model folder ready for images; see `load`."""

  def __init__(self, folder: ModelFolder, batch_size: int):
    self.folder = folder
    self._predictor = Predictor(folder.folder, batch_size)

  def score(
    self, pictures: Picture | Sequence[Picture], errors: Literal["raise", "skip"] = "raise"
  ) -> Predictions:
    """Scores an image or n: paths, encoded bytes, Pillow images, or uint8 RGB arrays [h, w, 3].

    Args:
      pictures: one image, or any number.
      errors: "skip" leaves out a file that cannot be read or decoded; `index` of the result then
        says which are there.

    Raises:
      UserError: a file that cannot be read or decoded, unless such are skipped.
      ValueError: an array of another shape or type.
    """
    one = isinstance(pictures, str | Path | bytes | np.ndarray | Image.Image)
    size, rows, index = self.folder.image_size, [], []
    for i, picture in enumerate([pictures] if one else pictures):
      try:
        rows.append(_square(picture, size))
      except UserError:
        if errors != "skip":
          raise
        continue
      index.append(i)
    pixels = np.stack(rows) if rows else np.empty((0, size, size, 3), np.uint8)
    told = score.kept(self._predictor.predict(pixels), self.folder)
    return Predictions(self.folder, *told, np.asarray(index, int))

  def load_profile(self, path: str | Path) -> Profile:
    """What `paiaa personalize` wrote; UserError where it was learnt under another model."""
    return personal.check_model(profile_file.load(path), self.folder)

  def personalize(
    self,
    pictures: Sequence[Picture],
    ratings: Sequence[float] | Given,
    rating_scale: tuple[float, float] = (1.0, 5.0),
  ) -> Profile:
    """Learns whoever gave these n ratings; rejections and choices among several: Given.

    Raises:
      ValueError: numbers that disagree, fewer than three ratings, or one out of scale.
    """
    given = as_given(ratings)
    if len(pictures) != len(given.ratings):
      raise ValueError(f"{len(pictures)} images, but {len(given.ratings)} ratings.")
    photographs = self.score(pictures).photographs
    return personal.learn_from(photographs, given, self.folder, rating_scale)


def load(model: str | Path | None = None, batch_size: int = 32) -> Model:
  """Opens a model folder, or a model of the hub, hf:OWNER/NAME[@REVISION].

  Args:
    model: where; None: $PAIAA_MODEL, else the one that comes with the package.
    batch_size: images of the one compiled shape; the first call of `score` compiles it.

  Raises:
    UserError: no such model, or a folder that holds none.

  Example:
    >>> model = paiaa_jax.load("runs/quickstart/model")
    >>> predictions = model.score([np.zeros((64, 64, 3), np.uint8)])
    >>> predictions.score.shape, predictions.traits.shape
    ((1,), (1, 5))
  """
  return Model(open_model(None if model is None else str(model)), batch_size)


def _square(picture: Picture, size: int) -> np.ndarray:
  """What the network sees of it: [size, size, 3] uint8."""
  if isinstance(picture, Image.Image):
    return images.resize_square(images.upright(picture), size)
  if not isinstance(picture, np.ndarray):
    return images.square(picture, size)
  if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
    raise ValueError(
      f"an image is {picture.dtype} {list(picture.shape)}; arrays are uint8 [h, w, 3], RGB."
    )
  return images.resize_square(picture, size)
