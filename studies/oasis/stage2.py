"""Stage 2: what k of a user's own ratings add, by several methods on the same splits.

A photograph of fold f is scored by the model of fold f: its heads, its prior of the other users and
its kernel, none of which has seen the other users' ratings of the fold's photographs. The scores of
the five folds are then put together and ranked.

Shapes: u users, n ratings each (padded), s splits, N photographs, v other users.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import numpy as np
from scipy import stats
from sklearn.svm import SVR

from paiaa_jax.personalization import evaluation
from paiaa_jax.personalization.held_out import LEVEL, Evaluation, interval_half_width
from paiaa_jax.personalization.solvers import Prediction, Solver
from paiaa_jax.personalization.splits import Splits
from paiaa_jax.personalization.users import Images, Users, make_images
from studies.oasis.people import users_of
from studies.oasis.study import Study

COMPONENTS = 64  # of the pooled features, for `conditional`


class FoldModel(NamedTuple):
  """What stage 2 reads of one fold; none of it has seen other users' ratings of the fold.

  Attributes:
    test: [N] bool, the fold's photographs.
    images: generic scores, auxiliary outputs and coordinates of all N photographs. The coordinates
      [N, N] have the kernel of the pooled features as their inner products.
    components: [N, COMPONENTS] principal components of that kernel, of deviation 1.
    others: other users, with their ratings of the other folds' photographs.
  """

  test: np.ndarray
  images: Images
  components: np.ndarray
  others: Users


Method = Callable[[FoldModel, Users, Splits], Prediction]  # leaves [shots, u, ..., s]


def coordinates(kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """FoldModel's coordinates [N, N] and components [N, COMPONENTS] of a kernel [N, N]."""
  values, vectors = np.linalg.eigh(kernel)
  components = vectors[:, -COMPONENTS:] * np.sqrt(len(kernel))
  return vectors * np.sqrt(np.maximum(values, 0)), components


def make_model(
  study: Study,
  test: np.ndarray,
  generic: np.ndarray,
  aux: np.ndarray,
  kernel: tuple[np.ndarray, np.ndarray],
  ratings: np.ndarray,
) -> FoldModel:
  """A FoldModel; drops the other users' `ratings` [v, N] of the fold's photographs.

  `kernel` is what `coordinates` returned for the fold.
  """
  places, components = kernel
  images = make_images(generic, aux, places)
  others = users_of(np.where(test, np.nan, ratings), images, study)
  return FoldModel(test, images, components, others)


def evaluate(
  models: Sequence[FoldModel], users: Users, splits: Splits, method: Method
) -> Evaluation:
  """How well the method ranks the photographs that each split holds out."""
  return evaluation.evaluate(score(models, users, splits, method), users, splits)


def score(models: Sequence[FoldModel], users: Users, splits: Splits, method: Method) -> Prediction:
  """Scores and variances [shots, u, n, s], each photograph's by the model of its own fold."""

  def say(model: FoldModel) -> Prediction:
    return _as_normal(method(model, dataclasses.replace(users, images=model.images), splits))

  first, *others = models
  merged = say(first)
  for model in others:
    own = model.test[users.row][None, ..., None]
    merged = jax.tree.map(functools.partial(np.where, own), say(model), merged)
  return merged


def _as_normal(prediction: Prediction) -> Prediction:
  """Scores, and the variance of the normal distribution that has the same intervals."""
  if prediction.variance is None:
    return Prediction(prediction.scores)
  z = stats.norm.ppf((1 + LEVEL) / 2)
  by_shots = [
    jax.tree.map(lambda leaf, i=i: leaf[i], prediction) for i in range(len(prediction.scores))
  ]
  half_width = np.stack([interval_half_width(one) for one in by_shots])
  return Prediction(prediction.scores, np.square(half_width / z))


def generic(model: FoldModel, users: Users, splits: Splits) -> Prediction:
  """The generic score, the same for every user."""
  del model
  shape = (len(splits.shots), *splits.position.shape)
  return Prediction(np.broadcast_to(users.generic[None, ..., None], shape))


def by(solver: Solver, *, components: bool = False) -> Method:
  """A solver that learns from the fold's other users; `components` replace the coordinates."""

  def method(model: FoldModel, users: Users, splits: Splits) -> Prediction:
    if components:
      images = users.images._replace(coordinates=model.components.astype(np.float32))
      users = dataclasses.replace(users, images=images)
    return evaluation.predict(solver, users, splits, solver.init(model.others))

  return method


def support_vectors(model: FoldModel, users: Users, splits: Splits) -> Prediction:
  """A support vector regression of each user's ratings on pooled features; no other users."""
  shots = splits.shots
  scores = np.empty((len(shots), *splits.position.shape), np.float32)
  for u, row in enumerate(users.row):
    own = model.images.coordinates[row]
    kernel = own @ own.T
    for i, k in enumerate(shots):
      for s in range(splits.num_splits):
        drawn = splits.image[u, :k, s]
        machine = SVR(kernel="precomputed")
        machine.fit(kernel[np.ix_(drawn, drawn)], users.ratings[u, drawn])
        scores[i, u, :, s] = machine.predict(kernel[:, drawn])
  return Prediction(scores)
