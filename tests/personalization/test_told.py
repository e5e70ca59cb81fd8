"""What is learnt from ratings, rejections and choices agrees with numerical integration."""

import itertools

import numpy as np
import pytest
from scipy import stats

from paiaa_jax import personalization as pz
from paiaa_jax.errors import UserError
from paiaa_jax.personalization import laplace, likelihood, posterior
from paiaa_jax.personalization.left_out import left_out_scores
from paiaa_jax.personalization.likelihood import Choice, Told, pool

TASTE, NOISE = 1.3, 0.6
MEAN = np.array([3.0, 3.4, 2.6, 3.2])
NOTHING = Told(np.full(4, np.nan), np.zeros(4, bool), 1.0)
KINDS = {
  "a rating": NOTHING._replace(points=np.array([np.nan, 4.5, np.nan, np.nan])),
  "a rejection": NOTHING._replace(rejected=np.arange(4) == 2),
  "a pair": NOTHING._replace(pools=pool([Choice((0, 1))])),
  "takes": NOTHING._replace(pools=pool([Choice((0, 3), takes=True)])),
  "the best of four": NOTHING._replace(pools=pool([Choice((2, 0, 1, 3))])),
  "all of these": Told(
    np.array([np.nan, 4.5, np.nan, np.nan]),
    np.arange(4) == 2,
    1.0,
    pool([Choice((0, 1)), Choice((0, 3), takes=True), Choice((3, 0, 2))]),
  ),
}


def covariance():
  place = np.random.default_rng(0).normal(size=(4, 2))
  gap = np.square(place[:, None] - place).sum(axis=2)
  return TASTE * np.exp(-gap / 2) + 0.3


def probability(told, scores):
  """[...] of what was told, given scores [..., 4]; written out with scipy, kind by kind."""
  sigma, result = np.sqrt(NOISE), np.ones(scores.shape[:-1])
  for i in range(4):
    if np.isfinite(told.points[i]):
      result = result * stats.norm.pdf(told.points[i], scores[..., i], sigma)
    if told.rejected[i]:
      result = result * stats.norm.cdf(told.lowest, scores[..., i], sigma)
  choices = [one for each in told.pools for one in zip(each.rows, each.takes, strict=True)]
  for rows, takes in choices:
    variance = NOISE + (TASTE if takes else 0)
    best = scores[..., rows[0]]
    if len(rows) == 2:
      result = result * stats.norm.cdf((best - scores[..., rows[1]]) / np.sqrt(2 * variance))
    else:  # of gumbel_r(scale), whose variance is (pi scale)^2 / 6
      each = np.exp(scores[..., list(rows)] * np.pi / np.sqrt(6 * variance))
      result = result * each[..., 0] / each.sum(axis=-1)
  return result


def integrate(told):
  """Evidence, means [4] and deviations [4] on a grid of 35^4 points."""
  root = np.linalg.cholesky(covariance())
  axis = np.linspace(-5, 5, 35)
  normal = np.stack(np.meshgrid(*[axis] * 4, indexing="ij"), axis=-1).reshape(-1, 4)
  weight = np.exp(-np.square(normal).sum(axis=1) / 2)
  scores = MEAN + normal @ root.T
  likely = weight / weight.sum() * probability(told, scores)
  mean = likely @ scores / likely.sum()
  return likely.sum(), mean, np.sqrt(likely @ np.square(scores - mean) / likely.sum())


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_integral_over_four_photographs(kind):
  evidence, mean, deviation = integrate(KINDS[kind])
  found = laplace.fit(KINDS[kind], MEAN, covariance(), TASTE, NOISE)
  left = covariance() - covariance() @ found.precision @ covariance()
  close = 1e-4 if kind == "a rating" else 0.15  # the one that is exact
  np.testing.assert_allclose(found.evidence, np.log(evidence), atol=close)
  np.testing.assert_allclose(found.scores / deviation, mean / deviation, atol=close)
  np.testing.assert_allclose(np.sqrt(np.diag(left)), deviation, rtol=close)


@pytest.mark.parametrize("kind", KINDS)
def test_the_expansion_has_the_derivatives_of_the_likelihood(kind):
  told, scores, step = KINDS[kind], MEAN + [0.3, -0.2, 0.1, 0.5], 1e-4

  def value(*moves):
    return np.log(probability(told, scores + np.sum(moves, axis=0)))

  local = likelihood.expand(told, scores, TASTE, NOISE)
  factor, (found, gradient) = local.factor(), local.total()
  unit = step * np.eye(4)
  slopes = [(value(e) - value(-e)) / (2 * step) for e in unit]
  bends = [
    (value(a, b) - value(a, -b) - value(-a, b) + value(-a, -b)) / (4 * step**2)
    for a, b in itertools.product(unit, unit)
  ]
  np.testing.assert_allclose(found, value(np.zeros(4)), rtol=1e-9)
  np.testing.assert_allclose(gradient, slopes, atol=1e-6)
  np.testing.assert_allclose(-factor @ factor.T, np.reshape(bends, (4, 4)), atol=1e-5)


def library(n=40, seed=0):
  random = np.random.default_rng(seed)
  place = random.normal(0, 1, (n, 4)).astype(np.float16)
  taste = 1.5 * np.tanh(place[:, 0].astype(float)) - place[:, 1]
  photographs = pz.Photographs(random.normal(3, 0.3, n), np.zeros((n, 1)), place)
  return photographs, photographs.generic + taste


def prior():
  return posterior.broad_prior((1.0, 5.0), 1)._replace(width=3.0)


def choices(scores, count, size, seed=0):
  random = np.random.default_rng(seed)
  rows = [random.choice(len(scores), size, replace=False) for _ in range(count)]
  noisy = [scores[one] + random.normal(0, 0.4, size) for one in rows]
  return tuple(
    Choice(tuple(one[np.argsort(-own)].tolist())) for one, own in zip(rows, noisy, strict=True)
  )


@pytest.mark.parametrize("size", [2, 4])
def test_choices_alone_teach_the_order_of_photographs_that_were_not_shown(size):
  photographs, scores = library(80)
  shown, rest = photographs.take(slice(40)), photographs.take(slice(40, None))
  told = Told(np.full(40, np.nan), np.zeros(40, bool), 1.0, pool(choices(scores[:40], 60, size)))
  found = posterior.fit(prior(), shown, told)
  srcc = stats.spearmanr(found.score(rest), scores[40:]).statistic
  assert srcc > 0.7 > stats.spearmanr(rest.generic, scores[40:]).statistic


def test_a_choice_among_takes_of_a_burst_moves_less():
  photographs, _ = library(6)
  photographs.coordinates[1] = photographs.coordinates[0] + np.float16(0.01)
  moved = []
  for takes in (False, True):
    told = Told(np.full(6, np.nan), np.zeros(6, bool), 1.0, pool([Choice((0, 1), takes)]))
    found = posterior.fit(prior(), photographs, told)
    moved.append(np.abs(found.score(photographs) - photographs.generic).sum())
  assert moved[1] < moved[0]


def test_what_is_left_out_is_scored_by_a_refit_that_knew_nothing_of_it():
  photographs, scores = library(14)
  points = np.clip(scores, 1, 5)
  points[9:] = np.nan
  told = Told(
    points, np.arange(14) == 9, 1.0, pool(made := choices(scores, 8, 2) + choices(scores, 4, 3))
  )
  groups = np.arange(14) // 2
  found = left_out_scores(prior(), photographs, told, groups, np.arange(5))
  for name in range(5):
    rows = groups == name
    own = told._replace(
      points=np.where(rows, np.nan, told.points),
      rejected=told.rejected & ~rows,
      pools=pool([one for one in made if not rows[list(one.rows)].any()]),
    )
    refit = posterior.fit(prior(), photographs, own).score(photographs)
    np.testing.assert_allclose(found[rows], (refit - refit.mean())[rows], atol=0.15)
  assert np.isnan(found[10:]).all()


def test_a_choice_that_is_none_is_refused():
  photographs, scores = library(5)
  facts = {"model_id": "m", "aux_names": ("a",), "scale": (1.0, 5.0)}
  for rows, says in (((1,), "two photographs or more"), ((1, 1), "once"), ((1, 9), "one of the 5")):
    given = pz.Given(np.clip(scores, 1, 5), np.zeros(5, bool), (Choice(rows),))
    with pytest.raises(UserError, match=says):
      pz.learn_profile(photographs, given, **facts)
