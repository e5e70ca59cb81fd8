"""Regression and ranking: the minimum that scipy finds, and order learned from order alone."""

import numpy as np
import pytest
from scipy import optimize, stats

from paiaa_jax.personalization.users import make_images
from studies.baselines import pair_ranking, ranking, regression_ranking
from studies.baselines.inputs import Photos, Shots

K = 15


def objective(w, x, generic, rating, strength, regression, pairs):
  """The loss as the head of ranking.py has it, pair by pair."""
  scores = generic + x @ w
  total = regression * np.sum((rating - scores) ** 2)
  for i in range(K):
    for j in range(K):
      if rating[i] > rating[j]:
        total += pairs * 2 / K * np.log1p(np.exp(scores[j] - scores[i]))
  return total + strength * np.sum(w[:-1] ** 2) + ranking.FREE * w[-1] ** 2


@pytest.mark.parametrize("regression, pairs", [(1.0, 1.0), (0.0, 1.0), (1.0, 0.0)])
@pytest.mark.parametrize("strength", [0.3, 10.0])
def test_the_weights_are_at_the_minimum(regression, pairs, strength):
  rng = np.random.default_rng(0)
  x = np.hstack([rng.normal(size=(K, 4)), np.ones((K, 1))]).astype(np.float32)
  generic = rng.normal(3, 2, K).astype(np.float32)  # far off: Newton's first step is too long
  rating = rng.integers(1, 6, K).astype(np.float32)
  w = ranking.fit_one(
    x, generic, rating, np.float32(strength), regression=regression, ranking=pairs
  )
  rest = (x.astype(float), generic.astype(float), rating, strength, regression, pairs)
  best = optimize.minimize(objective, np.zeros(5), rest, tol=1e-10)
  assert objective(np.asarray(w, float), *rest) == pytest.approx(best.fun, rel=1e-5)
  np.testing.assert_allclose(w[:-1], best.x[:-1], atol=3e-3)


def person(rng, images=60):
  """One person's taste for the first two of five components; generic scores know none of it."""
  components = rng.normal(size=(images, 5)).astype(np.float32) / np.sqrt(5)
  truth = 3 + components[:, :2] @ [2.0, -2.0]
  generic = rng.normal(3, 0.3, images).astype(np.float32)
  photos = Photos(make_images(generic, components, components), components)
  place = np.stack([rng.permutation(images)[:30] for _ in range(2)], axis=1)[None]
  rating = np.clip(np.round(truth + rng.normal(0, 0.3, images)), 1, 5)[place]
  photo = np.arange(images)[None]
  return photos, Shots(photo, np.ones((1, images), bool), place, rating), truth


@pytest.mark.parametrize("fit", [regression_ranking.regression_ranking, pair_ranking.pair_ranking])
def test_a_planted_taste_is_learned(fit):
  photos, shots, truth = person(np.random.default_rng(0))
  scores = fit(photos, shots)
  for s in range(2):
    held_out = np.setdiff1d(np.arange(60), shots.place[0, :, s])
    found = stats.spearmanr(scores[0, held_out, s], truth[held_out]).statistic
    known = stats.spearmanr(photos.images.generic[held_out], truth[held_out]).statistic
    assert found > 0.8 and known < 0.5


def test_pairs_see_the_order_of_ratings_and_not_their_level():
  photos, shots, _ = person(np.random.default_rng(1))
  generic = np.asarray(photos.images.generic)
  x = np.hstack([photos.images.coordinates, np.ones((60, 1), np.float32)])
  arrays = generic, shots.place[0]
  strength = np.ones(2, np.float32)
  scores = [
    ranking.score_user(x, *arrays, rating, strength, regression=0.0, ranking=1.0)
    for rating in (shots.rating[0], 10 * shots.rating[0] ** 2 + 7)
  ]
  np.testing.assert_array_equal(*scores)


def test_who_gave_one_rating_throughout_keeps_the_generic_order():
  photos, shots, _ = person(np.random.default_rng(2))
  tied = shots._replace(rating=np.full_like(shots.rating, 4.0))
  scores = pair_ranking.pair_ranking(photos, tied)
  np.testing.assert_allclose(scores[0], np.tile(photos.images.generic[:, None], 2), atol=1e-6)
