"""The prior a crowd tells, the posterior of one person, and intervals that hold what they claim."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from paiaa_jax.personalization import held_out, linear, prior
from paiaa_jax.personalization.solvers import Prediction
from paiaa_jax.personalization.solvers.empirical_bayes import priors_of_others
from tests.personalization.crowd import evaluate, simulate, users_of


def planted(people=400, images=40, seed=0):
  """Moments of people whose weights are drawn from a known Gaussian."""
  rng = np.random.default_rng(seed)
  mean, root = np.array([1.0, -0.5, 0.2]), np.array([[0.5, 0, 0], [0.2, 0.3, 0], [0, 0, 0.4]])
  weights = mean + rng.normal(size=(people, 3)) @ root.T
  x = np.concatenate([rng.normal(size=(people, images, 2)), np.ones((people, images, 1))], -1)
  noise = 0.25 * 20 / rng.chisquare(20, people)
  target = np.einsum("cnd,cd->cn", x, weights)
  target = target + np.sqrt(noise)[:, None] * rng.normal(size=target.shape)
  arrays = [jnp.asarray(a, jnp.float32) for a in (x, target, np.ones_like(target))]
  return jax.vmap(linear.moments)(*arrays), mean, root @ root.T


def test_em_recovers_a_planted_prior():
  crowd, mean, covariance = planted()
  known = jax.jit(prior.fit_prior)(crowd, jnp.ones(400))
  np.testing.assert_allclose(known.mean, mean, atol=0.08)
  np.testing.assert_allclose(known.covariance, covariance, atol=0.06)
  assert float(known.noise_variance) == pytest.approx(0.25 * 20 / 18, rel=0.1)
  assert 8 < float(known.noise_count) < 40


def test_those_who_do_not_count_leave_no_trace():
  crowd, *_ = planted(people=20)
  member = jnp.asarray(np.arange(20) < 12, jnp.float32)
  alone = jax.tree.map(lambda leaf: leaf[:12], crowd)
  with_others = jax.jit(prior.fit_prior)(crowd, member)
  for a, b in zip(with_others, jax.jit(prior.fit_prior)(alone, jnp.ones(12)), strict=True):
    np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


def test_the_posterior_is_the_textbooks_at_the_noise_it_settles_on():
  crowd, *_ = planted(people=20)
  known = jax.jit(prior.fit_prior)(crowd, jnp.ones(20))
  one = jax.tree.map(lambda leaf: leaf[3], crowd)
  posterior = prior.fit_posterior(one, known)
  precision = np.linalg.inv(np.asarray(known.covariance, np.float64))
  covariance = np.linalg.inv(precision + np.asarray(one.gram) / float(posterior.noise_variance))
  pull = precision @ known.mean + np.asarray(one.cross) / float(posterior.noise_variance)
  np.testing.assert_allclose(posterior.covariance, covariance, rtol=1e-3, atol=1e-6)
  np.testing.assert_allclose(posterior.mean, covariance @ pull, rtol=1e-3)


def test_nobody_seen_is_the_prior():
  crowd, *_ = planted(people=20)
  known = jax.jit(prior.fit_prior)(crowd, jnp.ones(20))
  nothing = jax.tree.map(lambda leaf: jnp.zeros_like(leaf[0]), crowd)
  posterior = prior.fit_posterior(nothing, known)
  np.testing.assert_allclose(posterior.mean, known.mean, rtol=1e-4, atol=1e-5)
  np.testing.assert_allclose(posterior.covariance, known.covariance, rtol=1e-3, atol=1e-5)


def test_t_quantiles_are_scipys_within_a_percent():
  for freedom in (5.0, 12.0, 200.0):
    for level in (0.5, 0.9, 0.95):
      expected = stats.t.ppf((1 + level) / 2, freedom)
      one = Prediction(None, jnp.ones((1, 1, 1)), jnp.full((1, 1), freedom))
      found = held_out.interval_half_width(one, level)
      assert float(found[0, 0, 0]) == pytest.approx(expected, rel=0.01)


@pytest.fixture(scope="module")
def evaluations():
  users = users_of(simulate(users=24, images=90, outputs=3, fewest=80, seed=2, spread=0.7))
  names = ("ridge", "empirical_bayes", "population_mean")
  return {name: evaluate(name, users, (8, 60), 12) for name in names}


def test_it_beats_ridge_with_few_ratings_and_does_not_lose_with_many(evaluations):
  few, many = (
    np.nanmean(
      evaluations["empirical_bayes"].srcc_personal[k] - evaluations["ridge"].srcc_personal[k], 1
    )
    for k in (0, 1)
  )
  assert np.mean(few) > 0.02 and stats.wilcoxon(few).pvalue < 0.01
  assert np.mean(many) > -0.002


def test_intervals_cover_what_they_claim_and_shrink_with_ratings(evaluations):
  bayesian = evaluations["empirical_bayes"]
  for k in (0, 1):
    assert 0.85 < np.nanmean(bayesian.coverage[k]) < 0.95
  assert np.nanmean(bayesian.width[1]) < np.nanmean(bayesian.width[0])
  assert np.std(np.nanmean(bayesian.width[1], axis=1)) > 0.02  # noisier people, wider intervals
  assert np.isnan(evaluations["ridge"].coverage).all()


def test_a_users_prior_owes_nothing_to_their_own_ratings():
  crowd, *_ = planted(people=8, images=12)
  sums = jax.tree.map(lambda leaf: leaf[..., None], crowd)  # one split
  other_taste = crowd._replace(
    cross=crowd.cross.at[0].multiply(-3), energy=crowd.energy.at[0].multiply(9)
  )
  others = jax.tree.map(lambda leaf: leaf[..., None], other_taste)
  before, after = (priors_of_others(s, jnp.arange(8), 8) for s in (sums, others))
  moved = np.abs(after.mean - before.mean).max(axis=(1, 2))
  assert moved[0] < 0.05 * moved[1:].min()  # what is left is where the fit began


def test_the_population_mean_gains_what_taste_users_share(evaluations):
  shared = evaluations["population_mean"]
  gains = np.nanmean(shared.srcc_personal[1] - shared.srcc_generic[1], axis=1)
  assert np.mean(gains) > 0.02  # the planted common taste is .8, not 0
  own = np.nanmean(evaluations["empirical_bayes"].srcc_personal[1], axis=1)
  assert np.mean(own - np.nanmean(shared.srcc_personal[1], axis=1)) > 0.05
  assert shared.weights[1].std(axis=0).max() < 0.3  # nearly alike: only the one left out differs
