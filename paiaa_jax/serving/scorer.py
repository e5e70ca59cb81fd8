"""Uploaded files -> the rows of the command, scored together with those of other requests."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future

import numpy as np

from paiaa_jax.errors import UserError
from paiaa_jax.models.predictor import Predictor
from paiaa_jax.models.weights.model_folder import ModelFolder
from paiaa_jax.personalization.profile import Profile
from paiaa_jax.photos import files, personal, rank, score, table
from paiaa_jax.photos.cache import KEY, split_digests
from paiaa_jax.photos.library import Scored
from paiaa_jax.photos.names import path_of
from paiaa_jax.photos.table import Row
from paiaa_jax.serving.batches import Batches

Upload = tuple[str, bytes]  # its name, and what is in it
_Begun = tuple[score.Photo, Future[tuple[np.ndarray, np.ndarray]] | None]
PERSONAL = ("personal_score", "personal_low", "personal_high")


class Scorer:
  """A model ready for uploads; `end` it.

  Args:
    model: that scores.
    batch_size: photographs a call of the network.
    seconds: how long a request waits for its scores.
    most: photographs that may wait.
  """

  def __init__(self, model: ModelFolder, batch_size: int, seconds: float, most: int):
    self.model, self._seconds = model, seconds
    predictor = Predictor(model.folder, batch_size)

    def predict(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
      return score.kept(predictor.predict(pixels), model)

    size = model.image_size
    predict(np.zeros((1, size, size, 3), np.uint8))  # compiled before anybody asks
    self.waiting = Batches(predict, predictor.at_once, most)

  def end(self) -> None:
    """Ends once everything that waits is scored."""
    self.waiting.end()

  def photos(self, uploads: Sequence[Upload]) -> list[score.Photo]:
    """A Photo for each upload; a bad one has an error.

    Raises:
      Full: as many photographs wait as may.
      TimeoutError: the scores are not there in time.
    """
    until = time.monotonic() + self._seconds
    begun: list[_Begun] = []
    try:
      for name, data in uploads:
        begun.append(self._begin(name, data))
      return [_finish(each, until) for each in begun]
    finally:
      for _, told in begun:
        if told is not None:
          told.cancel()  # of no effect on what is told already

  def _begin(self, name: str, data: bytes) -> _Begun:
    path = path_of(name)
    try:
      decoded = files.decode(data, self.model.image_size, name)
    except (UserError, MemoryError) as error:
      return score.Photo(path, error=files.reason(error)), None
    (digest,) = split_digests([decoded.digest])
    keys = np.array([(digest, decoded.look, decoded.taken)], KEY)
    return score.Photo(path, key=keys[0]), self.waiting.add(decoded.pixels)


def personal_rows(
  photos: list[score.Photo], model: ModelFolder, profile: Profile | None
) -> list[Row]:
  """Rows of `paiaa score`; with a profile, its score too and the interval of a new rating."""
  rows = [table.to_row(photo, model) for photo in photos]
  if profile is None:
    return rows
  rows = [row | dict.fromkeys(PERSONAL) for row in rows]
  good = [row for row in rows if not row["error"]]
  if good:
    scored = _scored(photos)
    described = personal.photographs_of(scored.vectors, scored.coordinates, model)
    scores, half = profile.new_ratings(described)
    for row, mine, width in zip(good, scores.tolist(), half.tolist(), strict=True):
      row |= dict(zip(PERSONAL, (mine, mine - width, mine + width), strict=True))
  return rows


def ranked_rows(photos: list[score.Photo], model: ModelFolder, profile: Profile) -> list[Row]:
  """Rows of `paiaa rank`, best first; bad files are left out."""
  if all(photo.error for photo in photos):
    return []
  return rank.rank_scored(_scored(photos), model, profile).rows


def _finish(begun: _Begun, until: float) -> score.Photo:
  photo, told = begun
  if told is None:
    return photo
  vector, coordinates = told.result(max(0.0, until - time.monotonic()))
  return photo._replace(vector=vector, coordinates=coordinates)


def _scored(photos: list[score.Photo]) -> Scored:
  """The good ones as columns."""
  good = [photo for photo in photos if not photo.error]
  vectors, coordinates = (
    np.array([getattr(photo, name) for photo in good]) for name in ("vector", "coordinates")
  )
  keys = np.array([photo.key for photo in good], KEY)
  return Scored([photo.path for photo in good], vectors, keys, [], coordinates)
