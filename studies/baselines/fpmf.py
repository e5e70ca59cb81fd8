"""Feature-based probabilistic matrix factorisation: users' factors from their shots.

The paper's (O'Donovan, Agarwala, Hertzmann, "Collaborative filtering of color aesthetics",
Computational Aesthetics 2014): a rating is the product of a user's and an item's latent vector; the
item's is a learned linear map of its features, so that items without a rating can be predicted; the
user's has a Gaussian prior. (Their second model puts a neural network in the map's place.)

Here, from its abstract alone: the model of `factors`, in which one factor is 1 for every user, so
that a user without a shot gets the average taste of the other users; fitted by expectation
maximisation; with the penalty of the weights that predicts the other users' ratings of left-out
photographs best. A test user's factors are the most probable ones given the shots, in closed form.
Features are the principal components of our pooled features (content), the auxiliary outputs
(attributes), or both. The generic score is not used. The other users' photographs are those that
stage 1 was trained on.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from paiaa_jax import rng
from paiaa_jax.personalization.users import Images, Users
from paiaa_jax.types import Array
from studies.baselines import factors
from studies.baselines.inputs import Baseline, Photos, Shots, user_by_user

PENALTIES = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0)  # x has mean squared norm 1, ratings are points
FOLDS = 3
TRIAL_ROUNDS = 10


def on_features(others: Users) -> Baseline:
  """Content: components of the pooled features."""
  return _learn(others, lambda images: images.coordinates)


def on_traits(others: Users) -> Baseline:
  """Attributes: the auxiliary outputs."""
  return _learn(others, lambda images: images.outputs)


def on_both(others: Users) -> Baseline:
  """Both, side by side."""
  return _learn(others, lambda images: np.concatenate([images.coordinates, images.outputs], axis=1))


def _learn(others: Users, columns: Callable[[Images], Array]) -> Baseline:
  theirs = factors.with_constant(np.asarray(columns(others.images)))
  user, place = np.nonzero(others.valid)
  row, rating = np.asarray(others.row), np.asarray(others.ratings, np.float64)
  ratings = user, row[user, place], rating[user, place]
  model = factors.fit_others(theirs, *ratings, penalty=choose_penalty(theirs, *ratings))

  def score(photos: Photos, own: Shots) -> np.ndarray:
    x = factors.with_constant(np.asarray(columns(photos.images))[own.row])
    return factors.score_user(model, x, own.place, own.rating)

  return user_by_user(score)


def choose_penalty(x: np.ndarray, user: np.ndarray, photo: np.ndarray, score: np.ndarray) -> float:
  """That of PENALTIES of least squared error on the other users' photographs, each left out once.

  A user's factors come from their ratings of the photographs that are not left out.
  x [m, q]; user, photo, score [t].
  """
  fold = rng.generator(0, "photographs left out").permutation(len(x))[photo] % FOLDS
  members = [np.flatnonzero(user == member) for member in np.unique(user)]
  error = np.zeros(len(PENALTIES))
  for i, penalty in enumerate(PENALTIES):
    for out in range(FOLDS):
      seen = fold != out
      model = factors.fit_others(
        x, user[seen], photo[seen], score[seen], penalty=penalty, rounds=TRIAL_ROUNDS
      )
      for own in members:
        shots, rest = own[seen[own]], own[~seen[own]]
        rows = x[photo[np.concatenate([shots, rest])]]
        place = np.arange(len(shots))[:, None]
        found = factors.score_user(model, rows, place, score[shots, None])
        error[i] += np.sum(np.square(found[len(shots) :, 0] - score[rest]))
  return PENALTIES[int(np.argmin(error))]
