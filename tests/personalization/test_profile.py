"""One person's fit agrees with scikit-learn and the compiled engine; a profile is always sound."""

import dataclasses

import jax
import numpy as np
import pytest
from sklearn.linear_model import Ridge

from paiaa_jax import personalization as pz
from paiaa_jax.personalization import learn
from paiaa_jax.personalization.active import choose_next
from paiaa_jax.personalization.penalties import GRID
from paiaa_jax.photos import profile_file

NAMES = tuple("abcde")
MODEL = {"model_id": "m", "aux_names": NAMES, "scale": (1.0, 10.0), "rating_scale": (1.0, 10.0)}


def person(n, taste=2.0, noise=0.5, seed=0):
  random = np.random.default_rng(seed)
  traits = random.normal(0, 0.3, (n, 5)).astype(np.float32)
  generic = random.normal(5.5, 0.5, n).astype(np.float32)
  weights = taste * np.asarray([1, -1, 0.5, 0, 2])
  ratings = generic + traits @ weights + 0.7 + random.normal(0, noise, n)
  return generic, traits, np.clip(ratings, 1, 10)


@pytest.mark.parametrize("n", [12, 60])
def test_weights_are_those_of_ridge_at_the_strength_of_least_leave_one_out_error(n):
  generic, traits, ratings = person(n)
  found = learn.learn_profile(generic, traits, ratings, **MODEL)
  target = ratings - generic

  def error(strength):
    off = []
    for i in range(n):
      rest = np.arange(n) != i
      fit = Ridge(alpha=strength).fit(traits[rest], target[rest])
      off.append(target[i] - fit.predict(traits[i : i + 1])[0])
    return np.mean(np.square(off))

  values = np.linalg.eigvalsh(np.cov(traits.astype(float).T) * (n - 1))
  paid = [s for s in GRID if np.isfinite(s) and np.sum(values / (values + s)) <= n / 10]
  best = min(paid, key=error)
  expected = Ridge(alpha=best).fit(traits, target)
  np.testing.assert_allclose(found.weights, expected.coef_, rtol=1e-4)
  assert found.intercept == pytest.approx(expected.intercept_, rel=1e-4)
  assert found.noise == pytest.approx(error(best), rel=1e-4)


def compiled(generic, traits, ratings, dtype):
  """One user, all of whose n ratings are shots: Prediction by the compiled solver in this type."""
  images = pz.make_images(generic, traits)
  users = pz.make_users(images, np.arange(len(ratings))[None], ratings[None])
  splits = pz.draw_splits(users, pz.Protocol((len(ratings),), num_splits=1))
  images = pz.Images(*(array.astype(dtype) for array in images))
  users = dataclasses.replace(users, images=images, ratings=ratings[None].astype(dtype))
  return jax.tree.map(lambda leaf: leaf[0, 0, ..., 0], pz.predict(pz.ridge(), users, splits))


@pytest.mark.parametrize("taste", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("n", [5, 60])
def test_the_compiled_solver_gives_the_same_fit(n, taste):
  generic, traits, ratings = person(n, taste=taste)
  found = learn.learn_profile(generic, traits, ratings, **MODEL)
  ours = np.asarray([*found.weights, found.intercept])
  with jax.enable_x64(True):
    exact = compiled(generic, traits, ratings, np.float64)
  assert exact.weights.dtype == np.float64
  np.testing.assert_allclose(ours, exact.weights, rtol=1e-6, atol=1e-12)
  np.testing.assert_allclose(found.score(generic, traits), exact.scores, rtol=1e-6)
  single = compiled(generic, traits, ratings, np.float32)
  assert single.weights.dtype == np.float32 and single.penalty == np.float32(exact.penalty)
  np.testing.assert_allclose(single.weights, ours, rtol=1e-4, atol=1e-5)  # float32's sums


def test_a_taste_is_found_and_said_to_be_better():
  found = learn.learn_profile(*person(100), **MODEL)
  assert found.better and found.srcc_personal > found.srcc_generic + 0.1 and found.more_ratings == 0


def test_no_taste_is_said_to_be_none_and_how_many_more_ratings_to_give():
  better = 0
  for seed in range(20):
    found = learn.learn_profile(*person(20, taste=0.0, noise=1.5, seed=seed), **MODEL)
    better += found.better
    assert found.better or found.more_ratings >= 5
  assert better <= 10  # at worst chance


def test_intervals_hold_as_many_ratings_as_they_say():
  inside = []
  for seed in range(100):
    generic, traits, ratings = person(220, noise=0.8, seed=seed)
    found = learn.learn_profile(generic[:20], traits[:20], ratings[:20], **MODEL)
    off = np.abs(found.score(generic[20:], traits[20:]) - ratings[20:])
    inside.append(off <= found.half_width(traits[20:], level=0.9))
  assert 0.87 <= np.mean(inside) <= 0.95


def test_ratings_on_another_scale_are_mapped_to_the_models():
  generic, traits, ratings = person(40)
  same = learn.learn_profile(generic, traits, ratings, **MODEL)
  stars = 1 + (ratings - 1) * 4 / 9
  found = learn.learn_profile(generic, traits, stars, **{**MODEL, "rating_scale": (1.0, 5.0)})
  np.testing.assert_allclose(found.weights, same.weights, rtol=1e-4)
  assert sum(found.stars) == 40 and found.stars == same.stars


@pytest.mark.parametrize("n", [3, 4, 6, 7])
@pytest.mark.parametrize("kind", ["equal", "same traits", "no noise"])
def test_few_or_degenerate_ratings_give_a_sound_profile(n, kind, tmp_path):
  generic, traits, ratings = person(n, noise=0.0)
  if kind == "equal":
    ratings = np.full(n, 4.0)
  if kind == "same traits":
    traits = np.tile(traits[:1], (n, 1))
  found = learn.learn_profile(generic, traits, ratings, **MODEL)
  profile_file.save(found, tmp_path / "me.json")
  assert profile_file.load(tmp_path / "me.json") == found
  assert np.isfinite(found.score(generic, traits)).all()
  assert np.isfinite(found.half_width(traits)).all()


def test_what_cannot_be_learnt_from_is_refused():
  generic, traits, ratings = person(10)
  with pytest.raises(ValueError, match="at least 3 ratings, got 2"):
    learn.learn_profile(generic[:2], traits[:2], ratings[:2], **MODEL)
  for fault, value in {"outside 1..10": 11.0, "not a finite number": np.nan}.items():
    broken = ratings.copy()
    broken[3] = value
    with pytest.raises(ValueError, match=fault):
      learn.learn_profile(generic, traits, broken, **MODEL)


def test_chosen_ratings_tell_more_than_random_ones():
  random = np.random.default_rng(0)
  traits = random.normal(0, 0.3, (300, 5))

  def information(chosen):
    x = np.concatenate([traits[chosen], np.ones((len(chosen), 1))], axis=1)
    return np.linalg.slogdet(x.T @ x + 1e-6 * np.eye(6))[1]

  chosen = choose_next(traits, np.zeros(300, bool), 15)
  drawn = [information(random.choice(300, 15, replace=False)) for _ in range(200)]
  assert information(chosen) > max(drawn)


def test_what_is_rated_is_not_chosen_again_and_counts():
  traits = np.random.default_rng(0).normal(size=(30, 3))
  first = choose_next(traits, np.zeros(30, bool), 5)
  rated = np.isin(np.arange(30), first)
  rest = choose_next(traits, rated, 100)
  assert sorted([*first, *rest]) == list(range(30))
  np.testing.assert_array_equal(choose_next(traits, np.zeros(30, bool), 10)[5:], rest[:5])
