"""One user's posterior agrees with scipy, the compiled engine and plain refits."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from paiaa_jax import personalization as pz
from paiaa_jax.errors import UserError
from paiaa_jax.personalization import left_out, posterior
from paiaa_jax.personalization.active import choose_next
from paiaa_jax.personalization.left_out import left_out_scores
from paiaa_jax.personalization.likelihood import ratings_alone
from paiaa_jax.personalization.posterior import Photographs, TastePrior
from paiaa_jax.personalization.solvers.taste import Process

NAMES = tuple("abcde")
FACTS = {"model_id": "m", "aux_names": NAMES, "scale": (1.0, 10.0), "rating_scale": (1.0, 10.0)}


def library(n, seed=0, m=3):
  random = np.random.default_rng(seed)
  return Photographs(
    generic=random.normal(5.5, 0.5, n),
    outputs=random.normal(0, 0.3, (n, 5)),
    coordinates=random.normal(0, 1, (n, m)).astype(np.float16),
  )


def rate(photographs, taste=2.0, noise=0.5, seed=0):
  random = np.random.default_rng([seed, 1])
  weights = taste * np.asarray([1, -1, 0.5, 0, 2])
  ratings = photographs.generic + photographs.outputs @ weights + 0.7
  return np.clip(ratings + random.normal(0, noise, len(ratings)), 1, 10)


def prior(width=2.0, log_taste=(0.0, 0.8), log_noise=(-0.5, 0.8)):
  mean = np.array([5.0, 0.8, 0.1, 0, 0, 0, 0.2])
  return TastePrior(
    mean, np.diag([1, 0.1, *[0.5] * 5]), np.array([5.5, *[0.0] * 5]), width, log_taste, log_noise
  )


def certain(**options):
  """A prior under which tau^2 and sigma^2 are as good as known."""
  return prior(log_taste=(0.0, 1e-9), log_noise=(-0.5, 1e-9), **options)


def moments(known, photographs):
  """Mean and covariance of the scores, written out photograph by photograph."""
  n = len(photographs.generic)
  place = np.asarray(photographs.coordinates, float)
  x = np.stack(
    [
      [1, photographs.generic[i] - known.centre[0], *(photographs.outputs[i] - known.centre[1:])]
      for i in range(n)
    ]
  )
  alike = np.array(
    [[np.exp(-np.sum((a - b) ** 2) / (2 * known.width)) for b in place] for a in place]
  )
  return x @ known.mean, x @ known.covariance @ x.T, alike


def test_the_posterior_is_the_conditional_of_the_joint_normal_summed_over_the_grid():
  photographs, known = library(14), prior()
  rated, rest = photographs.take(slice(9)), photographs.take(slice(9, None))
  points = rate(rated)
  mean, linear, alike = moments(known, photographs)
  weights, means, seconds = [], [], []
  for a in posterior.STEPS:
    for b in posterior.STEPS:
      tau, sigma = np.exp(0.8 * a), np.exp(-0.5 + 0.8 * b)
      joint = linear + tau * alike + sigma * np.eye(14)
      seen = stats.multivariate_normal(mean[:9], joint[:9, :9])
      weights.append(np.exp(-(a**2 + b**2) / 2) * seen.pdf(points))
      gain = joint[9:, :9] @ np.linalg.inv(joint[:9, :9])
      means.append(mean[9:] + gain @ (points - mean[:9]))
      left = np.diag(joint[9:, 9:] - gain @ joint[:9, 9:])
      seconds.append(left - sigma + means[-1] ** 2)
  weights = np.asarray(weights) / np.sum(weights)
  expected = weights @ np.asarray(means)
  found = posterior.fit(known, rated, points)
  np.testing.assert_allclose(found.score(rest), expected, atol=2e-3)
  variance = weights @ np.asarray(seconds) - expected**2
  np.testing.assert_allclose(found.variance(rest), variance, atol=2e-3)
  np.testing.assert_allclose(np.diag(found.covariance(rest)), found.variance(rest), rtol=1e-6)


def test_it_is_the_compiled_engine_s_where_the_variances_are_known():
  photographs, known = library(30), certain()
  rated, points = photographs.take(slice(20)), rate(photographs.take(slice(20)))
  process = Process(
    level=known.mean[0] - known.mean[1] * known.centre[0],
    slope=known.mean[1],
    mean=np.append(known.mean[2:], 0.0),
    covariance=np.diag([*[0.5] * 5, 1.0]),
    variance=1.0,
    noise_variance=np.exp(-0.5),
  )
  fixed = known.covariance.copy()
  fixed[1, 1] = 0  # the compiled engine's slope is known
  place = photographs.coordinates.astype(np.float32) / np.sqrt(np.float32(known.width))
  images = pz.make_images(photographs.generic, photographs.outputs, place)
  ratings = np.append(points, np.full(10, 5.0))[None]
  users = pz.make_users(images, np.arange(30)[None], ratings)
  order = np.arange(30)
  shots = pz.Shots(
    *(
      np.asarray(a, np.float32)
      for a in (images.generic, images.outputs, place, ratings[0], order < 20, order)
    )
  )
  expected = pz.taste().predict(process, shots)
  found = posterior.fit(known._replace(covariance=fixed), rated, points)
  assert users.ratings.shape == (1, 30)
  np.testing.assert_allclose(found.score(photographs), expected.scores, atol=3e-3)
  variance = found.variance(photographs) + found.noise_variance
  np.testing.assert_allclose(variance, expected.variance, atol=3e-3)


@pytest.mark.parametrize("size", [1, 3])
def test_a_group_left_out_is_scored_by_a_refit_without_it(size):
  photographs, known = library(12), prior()
  points, groups = rate(photographs), np.arange(12) // size
  found = left_out_scores(known, photographs, ratings_alone(points), groups, np.unique(groups))
  for name in np.unique(groups):
    rest = groups != name
    refit = posterior.fit(known, photographs.take(rest), points[rest])
    scores = refit.score(photographs)
    np.testing.assert_allclose(found[~rest], (scores - scores.mean())[~rest], atol=2e-3)


def worths(ratings_of, n, count=40, **options):
  found = []
  for seed in range(count):
    photographs = library(n, seed, **options)
    ratings = ratings_of(photographs, np.random.default_rng([seed, 2]))
    found.append(pz.learn_profile(photographs, ratings, **FACTS).worth)
  return found


def test_ratings_without_a_pattern_are_reported_as_worth_nothing():
  found = worths(lambda photographs, random: random.uniform(1, 10, 20), 20)
  assert abs(np.mean([worth.srcc_personal for worth in found])) < 0.15  # refits alone: about -.8
  assert sum(worth.verdict == "better" for worth in found) <= 10
  for worth in found:  # what is said is what the interval shows
    low, high = worth.difference
    assert (worth.verdict == "better", worth.verdict == "worse") == (low > 0, high < 0)


def test_where_the_generic_score_is_the_taste_it_is_reported_as_the_generic_score_is():
  def follow(photographs, random):
    return np.clip(photographs.generic + random.normal(0, 0.5, 10), 1, 10)

  found = worths(follow, 10)
  gap = np.mean([worth.srcc_personal - worth.srcc_generic for worth in found])
  assert abs(gap) < 0.12


def test_a_clear_taste_is_called_better_and_found():
  photographs = library(80)
  profile = pz.learn_profile(
    photographs.take(slice(40)), rate(photographs.take(slice(40))), **FACTS
  )
  assert profile.better and profile.worth.srcc_personal > profile.worth.srcc_generic
  rest = photographs.take(slice(40, None))
  ranked = stats.spearmanr(profile.score(rest), rate(photographs)[40:]).statistic
  assert ranked > stats.spearmanr(rest.generic, rate(photographs)[40:]).statistic


@pytest.mark.parametrize("m", [0, 3])
def test_the_parts_add_up_to_the_score(m):
  photographs = library(30, m=m)
  profile = pz.learn_profile(photographs, rate(photographs), **FACTS)
  parts = profile.parts(photographs)
  np.testing.assert_allclose(parts.personal, profile.score(photographs), rtol=1e-5)
  assert parts.taste.shape == (30, 30 if m else 0)
  np.testing.assert_allclose(parts.outputs, photographs.outputs * profile.weights)


def test_ten_ratings_move_little_and_two_hundred_a_lot():
  photographs = library(200)
  ratings = rate(photographs)
  moved = []
  for n in (10, 200):
    profile = pz.learn_profile(photographs.take(slice(n)), ratings[:n], **FACTS)
    score = profile.score(photographs)
    moved.append(np.std(score - photographs.generic))
  assert moved[1] > 1.5 * moved[0]


def test_intervals_hold_new_ratings_as_often_as_they_say():
  held, half = [], []
  for seed in range(30):
    photographs = library(60, seed)
    ratings = rate(photographs, taste=1.0, seed=seed)
    profile = pz.learn_profile(photographs.take(slice(30)), ratings[:30], **FACTS)
    rest = photographs.take(slice(30, None))
    score, width = profile.new_ratings(rest)
    np.testing.assert_array_equal(score, profile.score(rest))
    held.append(np.abs(score - ratings[30:]) <= width)
    half.append(profile.half_width(rest) < width)
  assert 0.85 < np.mean(held) < 0.96 and np.all(half)


def test_ranks_are_those_of_scores_drawn_one_by_one():
  photographs = library(25)
  profile = pz.learn_profile(photographs, rate(photographs), **FACTS)
  found = profile.rank_intervals(photographs, np.arange(5))
  draws = np.random.default_rng(5).multivariate_normal(
    profile.score(photographs), profile.posterior.covariance(photographs), 4000
  )
  ranks = stats.rankdata(-draws, axis=1)[:, :5]
  np.testing.assert_allclose(found, np.quantile(ranks, (0.05, 0.95), axis=0).T, atol=1.6)


def test_next_is_what_lowers_the_variances_most():
  photographs, known = library(15), certain()
  rated = np.arange(15) < 2
  found = choose_next(photographs, rated, 3, prior=known)
  _, linear, alike = moments(known, photographs)
  centre = np.eye(15) - 1 / 15
  covariance = centre @ (linear + alike) @ centre

  def left(rows):
    seen = covariance[np.ix_(rows, rows)] + np.exp(-0.5) * np.eye(len(rows))
    return np.trace(covariance - covariance[:, rows] @ np.linalg.inv(seen) @ covariance[rows])

  chosen = [0, 1]
  for best in found:
    others = [i for i in range(15) if i not in chosen]
    assert best == min(others, key=lambda i: left([*chosen, i]))
    chosen.append(best)


def test_of_a_burst_one_photograph_is_chosen():
  photographs = library(12)
  chosen = choose_next(
    photographs, np.zeros(12, bool), 12, prior=prior(), bursts=np.arange(12) // 3
  )
  assert sorted(chosen // 3) == [0, 1, 2, 3]


@pytest.mark.parametrize(
  ("change", "says"),
  [
    ({"generic": np.r_[np.nan, np.ones(11)]}, "photograph 1 of 12 has a generic score"),
    ({"outputs": np.full((12, 5), np.inf)}, "photograph 1 of 12 has an auxiliary output"),
  ],
)
def test_what_cannot_be_learnt_from_is_named(change, says):
  photographs = library(12)
  with pytest.raises(UserError, match=says):
    pz.learn_profile(photographs._replace(**change), rate(photographs), **FACTS)
  with pytest.raises(UserError, match=r"photograph 12 of 12 has a rating outside 1\.\.10"):
    pz.learn_profile(photographs, np.r_[np.ones(11), 11], **FACTS)
  with pytest.raises(UserError, match="at least 3 ratings, got 2"):
    pz.learn_profile(photographs.take(slice(2)), np.ones(2), **FACTS)


def test_ratings_that_do_not_differ_are_worth_nothing_and_change_no_order():
  photographs = library(12)
  profile = pz.learn_profile(photographs, np.full(12, 5.0), **FACTS)
  assert profile.worth.srcc_generic is None and profile.worth.verdict == left_out.UNCLEAR
  assert np.isfinite(profile.score(photographs)).all()


def test_a_profile_has_the_shares_of_the_stars_that_were_given():
  photographs = library(6)
  profile = pz.learn_profile(
    photographs, [1, 1, 3, 4.5, 5, 5], **(FACTS | {"rating_scale": (1, 5)})
  )
  assert profile.stars.tolist() == [2, 0, 1, 0, 3]
  assert dataclasses.replace(profile, digests=("a",)).digests == ("a",)


def test_variances_that_a_hundred_ratings_rule_out_are_no_trouble():
  photographs = library(100, m=200)
  ratings = np.random.default_rng(0).uniform(1, 10, 100)
  found = posterior.weigh(
    posterior.broad_prior((1.0, 10.0), 5)._replace(width=200.0),
    photographs,
    ratings_alone(ratings),
  )
  assert found.weight.min() == 0  # it is below the smallest number
  worth = pz.learn_profile(photographs, ratings, **FACTS).worth
  assert np.isfinite([worth.srcc_personal, *worth.difference]).all()
