"""Ridge in its dual form is scikit-learn's; leaving out in closed form is leaving out in a loop."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from studies.baselines import kernel_ridge, own_ratings
from tests.studies.baselines import planted

STRENGTHS = (0.1, 1.0, 10.0, 100.0)


def left_out_error(x, y, strength):
  rows = np.arange(len(y))
  errors = []
  for i in rows:
    others = rows != i
    fitted = Ridge(alpha=strength).fit(x[others], y[others])
    errors.append(y[i] - fitted.predict(x[i : i + 1])[0])
  return np.mean(np.square(errors))


@pytest.mark.parametrize("columns", [3, 30])
def test_the_strength_is_the_one_with_the_least_error_on_shots_left_out(columns):
  rng = np.random.default_rng(columns)
  x = rng.normal(size=(5, 12, columns))
  y = 3 + 0.5 * x[..., 0] + rng.normal(0, [[0.1], [0.3], [1], [3], [0.01]], (5, 12))
  new = rng.normal(size=(7, columns))
  fitted = kernel_ridge.fit(x @ x.transpose(0, 2, 1), y, STRENGTHS)
  for s in range(5):
    errors = [left_out_error(x[s], y[s], strength) for strength in STRENGTHS]
    assert fitted.strength[s] == STRENGTHS[int(np.argmin(errors))]
    expected = Ridge(alpha=fitted.strength[s]).fit(x[s], y[s]).predict(new)
    predicted = new @ x[s].T @ fitted.dual[s] + fitted.intercept[s]
    np.testing.assert_allclose(predicted, expected, rtol=1e-8)
  assert len(set(fitted.strength)) > 1


def test_an_infinite_strength_leaves_the_mean():
  y = np.array([[1.0, 2.0, 6.0]])
  fitted = kernel_ridge.fit(np.eye(3)[None], y, (np.inf,))
  assert np.all(fitted.dual == 0) and fitted.intercept[0] == pytest.approx(3)


def test_ridge_on_own_ratings_is_scikit_learns():
  _, photos, shots = planted.shown(10, num_splits=2)
  scores = own_ratings.ridge(photos, shots)
  for u, photo in enumerate(shots.row):
    for s in range(2):
      x, y = photos.features[photo[shots.place[u, :, s]]], shots.rating[u, :, s]
      errors = [left_out_error(x, y, strength) for strength in own_ratings.STRENGTHS]
      best = own_ratings.STRENGTHS[int(np.argmin(errors))]
      expected = Ridge(alpha=best).fit(x, y).predict(photos.features[photo])
      np.testing.assert_allclose(scores[u, :, s], expected, atol=1e-4)
