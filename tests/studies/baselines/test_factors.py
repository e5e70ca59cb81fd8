"""FPMF recovers planted factors; its parts agree with densities and processes written out."""

import numpy as np
import pytest
from scipy import linalg, stats

from studies.baselines import factors, fpmf

FACTORS, COLUMNS, NOISE = 2, 8, 0.3


@pytest.fixture(scope="module")
def crowd():
  """x [m, q], user, photo, score of 150 members and the planted weights [1 + d, q]."""
  rng = np.random.default_rng(0)
  x = factors.with_constant(rng.normal(size=(120, COLUMNS - 1)) / np.sqrt(COLUMNS - 1))
  weights = rng.normal(0, 1, (1 + FACTORS, COLUMNS))
  taste = np.hstack([np.ones((150, 1)), rng.normal(size=(150, FACTORS))]) @ weights
  user = np.repeat(np.arange(150), 30)
  photo = np.concatenate([rng.permutation(120)[:30] for _ in range(150)])
  score = 3 + np.sum(x[photo] * taste[user], axis=1) + rng.normal(0, NOISE, len(user))
  return x, user, photo, score, weights


@pytest.fixture(scope="module")
def model(crowd):
  return factors.fit_others(*crowd[:4], factors=FACTORS, penalty=1.0)


def test_planted_factors_are_recovered_up_to_a_rotation(crowd, model):
  weights = crowd[4]
  angle = linalg.subspace_angles(model.weights[1:].T, weights[1:].T).max()
  assert np.degrees(angle) < 5
  assert np.sqrt(model.noise) == pytest.approx(NOISE, rel=0.05)
  covariance, planted = (w[1:].T @ w[1:] for w in (model.weights, weights))
  assert np.linalg.norm(covariance - planted) < 0.3 * np.linalg.norm(planted)  # 150 draws of u


def test_new_people_are_scored_close_to_the_planted_truth(crowd, model):
  weights = crowd[4]
  rng = np.random.default_rng(1)
  x = factors.with_constant(rng.normal(size=(200, COLUMNS - 1)) / np.sqrt(COLUMNS - 1))
  error, average_error = [], []
  for _ in range(20):
    truth = 3 + x @ weights.T @ np.append(1, rng.normal(size=FACTORS))
    place = np.arange(25)[:, None]
    rating = truth[:25, None] + rng.normal(0, NOISE, (25, 1))
    scores = factors.score_user(model, x, place, rating)[25:, 0]
    error.append(scores - truth[25:])
    average_error.append(model.mean + x[25:] @ model.weights[0] - truth[25:])
  # each of two factors costs noise / 25 of variance at most where x is as long as a shot's
  assert np.sqrt(np.mean(np.square(error))) < NOISE / 2
  assert np.sqrt(np.mean(np.square(average_error))) > 3 * NOISE


def test_a_person_is_scored_by_the_posterior_mean_of_a_gaussian_process(model, crowd):
  x, rng = crowd[0], np.random.default_rng(2)
  place = np.stack([rng.permutation(len(x))[:9] for _ in range(3)], axis=1)
  rating = rng.uniform(1, 5, (9, 3))
  scores = factors.score_user(model, x, place, rating)
  average = model.mean + x @ model.weights[0]
  prior = x @ model.weights[1:].T @ model.weights[1:] @ x.T
  for s, seen in enumerate(place.T):
    gain = prior[:, seen] @ np.linalg.inv(prior[np.ix_(seen, seen)] + model.noise * np.eye(9))
    expected = average + gain @ (rating[:, s] - average[seen])
    np.testing.assert_allclose(scores[:, s], expected, rtol=1e-8)


def test_no_round_makes_the_crowds_ratings_less_likely(crowd):
  x, user, photo, score, _ = crowd
  some = user < 20

  def log_posterior(model):
    total = -0.5 * model.penalty * np.square(model.weights).sum()
    for i in range(20):
      rows, ratings = x[photo[user == i]], score[user == i]
      latent = rows @ model.weights[1:].T
      covariance = latent @ latent.T + model.noise * np.eye(len(rows))
      mean = model.mean + rows @ model.weights[0]
      total += stats.multivariate_normal(mean, covariance).logpdf(ratings)
    return total

  seen = user[some], photo[some], score[some]
  fits = [factors.fit_others(x, *seen, penalty=2.0, factors=2, rounds=r) for r in range(8)]
  path = [log_posterior(fitted) for fitted in fits]
  assert np.all(np.diff(path) > -1e-6) and path[-1] > path[0] + 1


def test_more_factors_than_members_are_as_many_as_members():
  x = factors.with_constant(np.random.default_rng(0).normal(size=(10, 4)))
  user, photo = np.array([0, 0, 1, 1]), np.array([0, 1, 2, 3])
  model = factors.fit_others(x, user, photo, np.array([1.0, 4.0, 2.0, 5.0]), penalty=1.0)
  assert model.weights.shape == (3, 5) and np.isfinite(model.weights).all() and model.noise > 0


def test_the_penalty_is_large_where_the_crowd_has_nothing_to_tell(crowd):
  x, user, photo, score, _ = crowd
  few = user < 40
  taste = fpmf.choose_penalty(x, user[few], photo[few], score[few])
  noise = np.random.default_rng(3).permutation(score[few])
  assert taste <= 10.0 and fpmf.choose_penalty(x, user[few], photo[few], noise) >= 100.0
