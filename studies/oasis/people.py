"""OASIS's raters as Users: each with the photographs that they rated."""

from __future__ import annotations

import numpy as np

from paiaa_jax.personalization.users import Images, Users, make_images, make_users
from studies.oasis.study import Study

WIDTH = 64  # photographs of a user are padded to a multiple of it, so that blocks share programs


def gather(study: Study, members: np.ndarray) -> Users:
  """The users at rows `members` of the study, without those whose ratings are all equal.

  Their images are all N photographs of the study, with scores and outputs of 0.
  """
  rated = study.ratings[members]
  several = [np.unique(own[~np.isnan(own)]).size > 1 for own in rated]
  n = len(study.images)
  nothing = make_images(np.zeros(n), np.zeros((n, 0)))
  return users_of(rated[several], nothing, study, study.users[members][several])


def users_of(
  ratings: np.ndarray, images: Images, study: Study, user_ids: np.ndarray | None = None
) -> Users:
  """Users of ratings [u, N], NaN where there is none; each user's photographs stand together."""
  valid = ~np.isnan(ratings)
  count = -(-valid.sum(axis=1).max() // WIDTH) * WIDTH
  row = np.argsort(~valid, axis=1, kind="stable")[:, :count]
  return make_users(
    images,
    row,
    np.take_along_axis(ratings, row, axis=1),
    np.take_along_axis(valid, row, axis=1),
    user_ids=user_ids,
    image_ids=study.images,
  )
