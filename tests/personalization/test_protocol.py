"""The compiled protocol against a loop of scikit-learn and scipy, user by user, split by split."""

import warnings

import jax
import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import Ridge

from paiaa_jax.personalization import protocol, solvers, splits, statistics
from tests.personalization.crowd import simulate

SHOTS, SPLITS = (8, 30), 6
FIXED = solvers.Ridge(strengths=(1.0,))


def evaluate(crowd, **options):
  options = dict(shots=SHOTS, num_splits=SPLITS, solver=FIXED) | options
  return jax.tree.map(np.asarray, protocol.evaluate_splits(*crowd, **options))


def loop(crowd, strength=1.0):
  """Weights [shots, u, s, k], personal and generic SROCC [shots, u, s] by the book."""
  u, n = crowd.valid.shape
  ids = np.arange(u), np.broadcast_to(np.arange(n), (u, n))
  position = splits.draw_splits(crowd.valid, *ids, num_splits=SPLITS, seed=0).position
  weights, personal, generic = [], [], []
  for k in SHOTS:
    for i in range(u):
      for s in range(SPLITS):
        train = crowd.valid[i] & (position[i, :, s] < k)
        test = crowd.valid[i] & (position[i, :, s] >= k)
        x, base, rating = crowd.traits[i], crowd.generic[i], crowd.ratings[i]
        model = Ridge(alpha=strength, fit_intercept=False)
        model.fit(x[train].astype(float), (rating - base)[train])
        scores = base[test] + model.predict(x[test].astype(float))
        weights.append(model.coef_)
        personal.append(spearman(scores, rating[test]))
        generic.append(spearman(base[test], rating[test]))
  shape = (len(SHOTS), u, SPLITS)
  return (np.reshape(weights, (*shape, -1)), *(np.reshape(a, shape) for a in (personal, generic)))


def spearman(a, b):
  with warnings.catch_warnings():
    warnings.simplefilter("ignore", stats.ConstantInputWarning)
    return stats.spearmanr(a, b).statistic if len(a) > 1 else np.nan


def test_agrees_with_scikit_learn_and_scipy_on_ragged_users_with_ties():
  crowd = simulate()
  weights, personal, generic = loop(crowd)
  ours = evaluate(crowd)
  np.testing.assert_allclose(ours.weights, weights, atol=1e-4)
  np.testing.assert_allclose(ours.srcc_generic, generic, atol=1e-6)
  apart = np.abs(ours.srcc_personal - personal) > 1e-3  # float32 can swap near-ties
  assert np.mean(apart) <= 0.005


def test_srcc_is_spearmanrs_of_our_own_predictions():
  crowd = simulate(seed=3)
  ours = evaluate(crowd, solver="ridge")
  same_splits = dict(shots=SHOTS, num_splits=SPLITS)
  for k in range(len(SHOTS)):
    for s in range(SPLITS):
      shift = np.einsum("unk,uk->un", np.nan_to_num(crowd.traits), ours.weights[k, :, s])
      scores = crowd.generic + shift
      again = protocol.evaluate_scores(scores, crowd.ratings, crowd.valid, **same_splits)
      np.testing.assert_allclose(ours.srcc_personal[k, :, s], again[k, :, s], atol=2e-3)


def test_scores_of_any_origin_are_ranked_on_the_same_images():
  crowd = simulate()
  ours = evaluate(crowd)
  generic = protocol.evaluate_scores(
    crowd.generic, crowd.ratings, crowd.valid, shots=SHOTS, num_splits=SPLITS
  )
  np.testing.assert_array_equal(generic, ours.srcc_generic)
  perfect = protocol.evaluate_scores(
    crowd.ratings, crowd.ratings, crowd.valid, shots=SHOTS, num_splits=SPLITS
  )
  np.testing.assert_allclose(perfect[np.isfinite(perfect)], 1, atol=1e-6)


@pytest.mark.parametrize("solver", ["ridge", "ols", "sgd", "bayes"])
def test_order_of_users_and_images_and_padding_change_nothing(solver):
  crowd = simulate()
  users, images = np.array(list("abcdefgh")), np.arange(60) + np.zeros((8, 1), int)
  ours = evaluate(crowd, solver=solver, user_ids=users, image_ids=images)

  rng = np.random.default_rng(1)
  people, columns = rng.permutation(8), rng.permutation(60)  # padding ends up anywhere
  *arrays, moved_images = (np.asarray(a)[people][:, columns] for a in (*crowd, images))
  again = evaluate(arrays, solver=solver, user_ids=users[people], image_ids=moved_images)
  np.testing.assert_allclose(again.weights, ours.weights[:, people], atol=2e-3)
  np.testing.assert_allclose(again.srcc_generic, ours.srcc_generic[:, people], atol=1e-6)
  apart = np.abs(again.srcc_personal - ours.srcc_personal[:, people]) > 1e-2
  assert np.mean(apart) <= 0.02


def test_leave_one_out_takes_the_generic_score_where_traits_say_nothing():
  crowd = simulate(spread=0.0, noise=0.1)
  silent = crowd._replace(traits=np.random.default_rng(5).normal(size=crowd.traits.shape))
  silent = silent._replace(ratings=np.where(crowd.valid, np.round(2 * crowd.generic) / 2, np.nan))
  ours = evaluate(silent, solver="ridge")
  assert np.mean(ours.strength >= 30) > 0.7
  exact = ours.strength == np.inf
  assert exact.any() and not ours.weights[exact].any()
  np.testing.assert_array_equal(ours.srcc_personal[exact], ours.srcc_generic[exact])


def test_too_few_images_are_left_out_and_undefined_ones_counted():
  crowd = simulate()
  valid, ratings = crowd.valid.copy(), crowd.ratings.copy()
  valid[0, 9:] = False  # 9 images leave one at k = 8
  valid[1] = False
  ratings[2] = 3.0
  generic = crowd.generic.copy()
  generic[3] = 2.5
  ours = evaluate((generic, crowd.traits, ratings, valid), solver=solvers.Ridge((np.inf,)))
  np.testing.assert_array_equal(ours.left_out, [[True, True] + 6 * [False]] * 2)
  np.testing.assert_array_equal(ours.constant_ratings.sum(2), [[0, 0, SPLITS, 0] + 4 * [0]] * 2)
  np.testing.assert_array_equal(ours.constant_generic.sum(2), [[0, 0, 0, SPLITS] + 4 * [0]] * 2)
  np.testing.assert_array_equal(ours.constant_personal.sum(2), [[0, 0, 0, SPLITS] + 4 * [0]] * 2)
  assert np.isnan(ours.srcc_personal[:, :4]).all() and np.isfinite(ours.srcc_personal[:, 4:]).all()
  assert np.isfinite(ours.weights).all()


def test_more_shots_than_anyone_has_images_leaves_everybody_out():
  ours = evaluate(simulate(), shots=(8, 100))
  assert ours.left_out[1].all() and not ours.left_out[0].any()
  assert np.isnan(ours.srcc_personal[1]).all() and np.isfinite(ours.srcc_personal[0]).all()
  np.testing.assert_array_equal(ours.weights[0], evaluate(simulate()).weights[0])


def test_a_fit_to_fewer_images_than_shots_sees_no_padding():
  crowd = simulate()
  crowd.valid[0, 9:] = False
  free = solvers.Ridge(strengths=(1.0,), intercept=True)
  ours = evaluate(crowd, solver=free)
  by_hand = Ridge(alpha=1.0).fit(crowd.traits[0, :9], (crowd.ratings - crowd.generic)[0, :9])
  np.testing.assert_allclose(ours.weights[1, 0], [by_hand.coef_] * SPLITS, atol=1e-4)
  np.testing.assert_allclose(ours.intercept[1, 0], by_hand.intercept_, atol=1e-4)


def test_an_intercept_takes_up_a_harsh_rater():
  crowd = simulate(spread=0.0, noise=0.1)
  harsh = crowd._replace(ratings=crowd.ratings - 1.0)
  free = solvers.Ridge(strengths=(1.0,), intercept=True)
  gap = evaluate(harsh, solver=free).intercept - evaluate(crowd, solver=free).intercept
  np.testing.assert_allclose(gap, -1, atol=1e-3)
  assert not evaluate(crowd).intercept.any()


def test_any_number_of_auxiliary_outputs_is_fused():
  for outputs in (1, 10):
    assert evaluate(simulate(traits=outputs)).weights.shape == (2, 8, SPLITS, outputs)


def test_a_second_call_compiles_nothing():
  evaluate(simulate())
  before = protocol.evaluate_draws._cache_size()
  evaluate(simulate(seed=9), seed=4)
  assert protocol.evaluate_draws._cache_size() == before


@pytest.mark.parametrize("field", ["generic", "traits", "ratings"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_refused_with_the_users_name(field, bad):
  crowd = simulate(users=3)
  getattr(crowd, field)[1, 4] = bad
  with pytest.raises(ValueError, match=r"user bob has .* not a finite number, at image 4"):
    evaluate(crowd, user_ids=["ann", "bob", "cem"])


def test_a_rating_off_the_scale_is_refused_with_the_users_name():
  crowd = simulate(users=3)
  crowd.ratings[2, 0] = 11
  with pytest.raises(ValueError, match=r"user 2 has a rating outside 1\.\.5, at image 0"):
    evaluate(crowd, scale=(1, 5))


def test_bad_arguments_are_refused_in_words():
  crowd = simulate(users=3)
  with pytest.raises(ValueError, match=r"use one of ridge, ols, .*conditional"):
    evaluate(crowd, solver="lasso")
  with pytest.raises(ValueError, match="traits has shape"):
    evaluate(crowd._replace(traits=crowd.traits[:, :-1]))
  with pytest.raises(ValueError, match="user_ids has shape"):
    evaluate(crowd, user_ids=[1, 2])
  with pytest.raises(ValueError, match="shots"):
    evaluate(crowd, shots=(0, 10))
  with pytest.raises(ValueError, match="with one user, give it a prior"):
    evaluate(simulate(users=1), solver="bayes")


def test_anybodys_scores_are_ranked_as_scipy_ranks_them_and_shots_are_never_read():
  crowd = simulate(users=5, images=40, fewest=8, seed=3)
  u, n = crowd.valid.shape
  rng = np.random.default_rng(0)
  scores = rng.normal(size=(2, u, n, SPLITS)).round(1) * 1e-9 + 1  # ties, and too near for float32
  draws = splits.draw_splits(
    crowd.valid, np.arange(u), np.tile(np.arange(n), (u, 1)), num_splits=SPLITS, seed=7
  )
  for i, k in enumerate(SHOTS):
    scores[i][(draws.position < k) | ~crowd.valid[..., None]] = np.nan
    scores[i][crowd.valid.sum(1) < k + 2] = np.nan  # one image left to rank
  asked = dict(shots=SHOTS, num_splits=SPLITS, seed=7)
  everyone = crowd.generic, crowd.ratings, crowd.valid
  ours = protocol.evaluate_predictions(scores, *everyone, **asked)
  for i, k in enumerate(SHOTS):
    for person, s in np.ndindex(u, SPLITS):
      test = crowd.valid[person] & (draws.position[person, :, s] >= k)
      rated = crowd.ratings[person][test]
      if crowd.valid[person].sum() < k + 2:
        assert np.isnan(ours.srcc_personal[i, person, s])
        continue
      expected = [
        spearman(a[test], rated) for a in (scores[i, person, :, s], crowd.generic[person])
      ]
      found = [ours.srcc_personal[i, person, s], ours.srcc_generic[i, person, s]]
      np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_array_equal(ours.left_out[i], crowd.valid.sum(1) < k + 2)
  assert np.isnan(ours.coverage).all() and np.isnan(ours.strength).all()
  assert statistics.summarize(ours, SHOTS)["8"]["test"]["people"] > 1
  own = scores.copy()
  person, image, s = np.argwhere(np.isfinite(own[1]))[0]
  own[1, person, image, s] = np.inf
  said = f"user {person}, image {image}, split {s}, k = 30 is inf"
  with pytest.raises(ValueError, match=said):
    protocol.evaluate_predictions(own, *everyone, **asked)
  with pytest.raises(ValueError, match="scores have shape"):
    protocol.evaluate_predictions(scores[:1], *everyone, **asked)


def test_our_own_scores_come_out_with_the_same_figures():
  crowd = simulate(seed=5)
  ours = evaluate(crowd, keep_scores=True)
  again = protocol.evaluate_predictions(
    ours.scores, crowd.generic, crowd.ratings, crowd.valid, shots=SHOTS, num_splits=SPLITS
  )
  np.testing.assert_array_equal(again.srcc_personal, ours.srcc_personal)
  np.testing.assert_array_equal(again.srcc_generic, ours.srcc_generic)
  np.testing.assert_array_equal(again.constant_ratings, ours.constant_ratings)
