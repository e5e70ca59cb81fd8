"""The regressions of residuals and of ratings are scikit-learn's SVR, fit by fit."""

import numpy as np
import pytest
from sklearn.svm import SVR

from studies.baselines import own_ratings, residual_svr, support_vectors
from tests.studies.baselines import planted

K, SPLITS = 12, 3


@pytest.fixture(scope="module")
def people():
  return planted.shown(K, num_splits=SPLITS, seed=1)[1:]


def by_scikit_learn(rows, shots, base):
  """One SVR() after another on rows [N, f], of what a rating is above base [N]."""
  scores = np.empty((*shots.row.shape, SPLITS))
  for u, photo in enumerate(shots.row):
    for s in range(SPLITS):
      seen = photo[shots.place[u, :, s]]
      machine = SVR(kernel="rbf").fit(rows[seen], shots.rating[u, :, s] - base[seen])
      scores[u, :, s] = base[photo] + machine.predict(rows[photo])
  return scores


@pytest.mark.parametrize("name", ["features", "traits", "both"])
def test_the_residual_is_learned_by_scikit_learns_svr(people, name):
  photos, shots = people
  rows = {"features": photos.features, "traits": photos.images.outputs}
  rows["both"] = np.hstack([photos.features, photos.images.outputs])
  scores = getattr(residual_svr, f"on_{name}")(photos, shots)
  expected = by_scikit_learn(rows[name].astype(float), shots, photos.images.generic.astype(float))
  np.testing.assert_allclose(scores, expected, atol=1e-5)
  assert (
    np.abs(scores - photos.images.generic[shots.row][..., None]).max() > 0.1
  )  # it learned something


def test_own_ratings_are_learned_by_scikit_learns_svr(people):
  photos, shots = people
  scores = own_ratings.support_vector(photos, shots)
  expected = by_scikit_learn(
    photos.features.astype(float), shots, np.zeros(len(photos.images.generic))
  )
  np.testing.assert_allclose(scores, expected, atol=1e-5)


def test_shots_that_all_look_alike_are_fitted_as_scikit_learn_does():
  rows = np.array([[1.0, 1.0]] * 4 + [[2.0, 0.0]])
  place = np.arange(4)[:, None]
  target = np.array([[1.0], [2.0], [2.0], [4.0]])
  predicted = support_vectors.fit_predict(rows, place, target)
  expected = SVR().fit(rows[:4], target[:, 0]).predict(rows)
  np.testing.assert_allclose(predicted[:, 0], expected, atol=1e-6)
