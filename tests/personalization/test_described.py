"""Scores before the first rating, from what describes a user: planted tastes, and none."""

import dataclasses

import numpy as np
import pytest

from paiaa_jax import personalization as pz
from paiaa_jax.errors import UserError
from paiaa_jax.personalization import described, statistics

TRAITS, OUTPUTS, IMAGES = 4, 3, 50
MAP = np.random.default_rng(7).normal(0, 0.5, (OUTPUTS + 1, TRAITS))


def draw(users, seed, spread=0.15):
  """Users whose weights are MAP times their traits and a little of their own: (users, traits)."""
  random = np.random.default_rng(seed)
  outputs = random.uniform(-1, 1, (IMAGES, OUTPUTS))
  generic = random.normal(3, 0.5, IMAGES)
  traits = random.normal(size=(users, TRAITS))
  weights = traits @ MAP.T + random.normal(0, spread, (users, OUTPUTS + 1))
  design = np.concatenate([outputs, np.ones((IMAGES, 1))], axis=1)
  ratings = generic + weights @ design.T + random.normal(0, 0.4, (users, IMAGES))
  row = np.tile(np.arange(IMAGES), (users, 1))
  return pz.make_users(pz.make_images(generic, outputs), row, ratings), 10 + 2 * traits


@pytest.fixture(scope="module")
def crowd():
  return draw(80, seed=0)


@pytest.fixture(scope="module")
def asked():
  users, traits = draw(30, seed=1)
  splits = pz.draw_splits(users, pz.Protocol((1,), num_splits=1))
  return users, traits, dataclasses.replace(splits, shots=(0, 10))


def gain(crowd, asked, traits, shown):
  """SROCC over that of the prior that is the same for everybody, by k: bootstrap over users."""
  users, _, splits = asked
  nothing = np.zeros((len(crowd[1]), 1)), np.zeros((len(users.ratings), 1))
  found = []
  for known, given in ((traits, shown), nothing):
    prior = described.fit(crowd[0], known)
    found.append(pz.evaluate(described.predict(prior, users, given, splits), users, splits))
  more = found[0].srcc_personal - found[1].srcc_personal
  return [statistics.bootstrap(one)["people"] for one in more]


def test_a_planted_map_is_recovered(crowd):
  users, traits = crowd
  prior = described.fit(users, traits)
  slopes = prior.map[:, 1:] * prior.scale * 2  # traits were drawn with deviation 2
  assert np.abs(slopes - MAP).max() < 0.1
  design = np.concatenate([users.images.outputs, np.ones((IMAGES, 1))], axis=1)
  own = np.linalg.lstsq(design, (users.ratings - users.generic).T, rcond=None)[0].T
  each = np.concatenate([np.ones((len(own), 1)), traits], axis=1)
  by_squares = np.linalg.lstsq(each, own, rcond=None)[0].T[:, 1:]
  np.testing.assert_allclose(prior.map[:, 1:] * prior.scale, by_squares, atol=0.03)


def test_traits_are_worth_much_before_any_rating_and_little_after_ten(crowd, asked):
  before, after = gain(crowd, asked, crowd[1], asked[1])
  assert before[0] > 0.1
  assert after[1] < before[0]


def test_shuffled_traits_are_worth_nothing(crowd, asked):
  shuffled = np.random.default_rng(3).permutation(crowd[1])
  before, after = gain(crowd, asked, shuffled, asked[1])
  assert before[0] <= 0.02 and before[1] < 0.05
  assert after[0] <= 0.02 and after[1] < 0.05


def test_what_is_unknown_is_as_the_mean_and_ratings_are_told_from_users(crowd, asked):
  users, traits, _ = asked
  prior = described.fit(*crowd)
  unknown = np.full_like(traits, np.nan)
  np.testing.assert_allclose(
    described.means(prior, unknown), np.tile(prior.map[:, 0], (len(traits), 1)), rtol=1e-6
  )
  with pytest.raises(UserError, match="more than 5 users, got 5"):
    few = users.take(slice(0, 5))
    described.fit(few, traits[:5])
