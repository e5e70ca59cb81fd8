"""The compiled protocol against a loop of scikit-learn and scipy, user by user, split by split."""

import warnings

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import Ridge

from paiaa_jax import personalization as pz
from paiaa_jax.errors import UserError
from paiaa_jax.personalization import evaluation, statistics
from tests.personalization.crowd import evaluate as evaluate_users
from tests.personalization.crowd import simulate, state_of, users_of

SHOTS, SPLITS = (8, 30), 6
FIXED = pz.ridge((1.0,), intercept=False)


def evaluate(crowd, method=FIXED, shots=SHOTS, seed=0, keep_scores=False, **ids):
  options = dict(shots=shots, num_splits=SPLITS, seed=seed, keep_scores=keep_scores)
  return evaluate_users(method, users_of(crowd, **ids), **options)


def held_out_positions(crowd, seed=0):
  return pz.draw_splits(users_of(crowd), pz.Protocol(SHOTS, SPLITS, seed)).position


def loop(crowd, penalty=1.0):
  """Weights [shots, u, s, k], personal and generic SROCC [shots, u, s] by the book."""
  u = len(crowd.valid)
  position = held_out_positions(crowd)
  weights, personal, generic = [], [], []
  for k in SHOTS:
    for i in range(u):
      for s in range(SPLITS):
        train = crowd.valid[i] & (position[i, :, s] < k)
        test = crowd.valid[i] & (position[i, :, s] >= k)
        x, base, rating = crowd.outputs[i], crowd.generic[i], crowd.ratings[i]
        model = Ridge(alpha=penalty, fit_intercept=False)
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
  ours = evaluate(crowd, "ridge", keep_scores=True)
  position = held_out_positions(crowd)
  for i, k in enumerate(SHOTS):
    for u, s in np.ndindex(len(crowd.valid), SPLITS):
      test = crowd.valid[u] & (position[u, :, s] >= k)
      expected = spearman(ours.scores[i, u, test, s], crowd.ratings[u, test])
      np.testing.assert_allclose(ours.srcc_personal[i, u, s], expected, atol=1e-5)


@pytest.mark.parametrize("method", pz.SOLVERS)
def test_no_solver_reads_a_rating_that_is_held_out(method):
  crowd = simulate(users=6, images=40, outputs=3, fewest=40)
  coordinates = np.random.default_rng(2).normal(size=(*crowd.valid.shape, 3))
  users = users_of(crowd, coordinates=coordinates)
  splits = pz.draw_splits(users, pz.Protocol((20,), num_splits=1))
  state = state_of(method, users)
  other = np.where(splits.held_out(20)[..., 0], 6 - users.ratings, users.ratings)
  ours, again = (
    pz.predict(pz.SOLVERS[method](), users_of(c, coordinates=coordinates), splits, state).scores
    for c in (crowd, crowd._replace(ratings=other))
  )
  np.testing.assert_array_equal(ours, again)
  shots = crowd._replace(ratings=6 - users.ratings)
  moved = pz.predict(pz.SOLVERS[method](), users_of(shots, coordinates=coordinates), splits, state)
  assert np.abs(moved.scores - ours).max() > 1e-4


@pytest.mark.parametrize("method", [name for name, make in pz.SOLVERS.items() if make().fit_all])
def test_all_users_at_once_are_the_pair_of_functions_mapped(method):
  crowd = simulate(users=3, images=20, outputs=3, fewest=15)
  coordinates = np.random.default_rng(2).normal(size=(*crowd.valid.shape, 3))
  users = users_of(crowd, coordinates=coordinates)
  others = users_of(simulate(users=5, outputs=3, seed=4), coordinates=np.zeros((5, 60, 3)))
  splits = pz.draw_splits(users, pz.Protocol((4, 8), num_splits=2))
  solver = pz.SOLVERS[method]()
  state = solver.init(others)
  together = pz.predict(solver, users, splits, state)
  mapped = pz.predict(solver._replace(fit_all=None), users, splits, state)
  for ours, expected in zip(together, mapped, strict=True):
    if ours is not None:
      np.testing.assert_allclose(ours, expected, rtol=2e-3, atol=2e-3)


def test_without_a_state_the_prior_is_that_of_the_other_users_shots():
  crowd = simulate(users=6, images=40, outputs=3, fewest=40)
  users, protocol = users_of(crowd), pz.Protocol((20,), num_splits=1)
  splits = pz.draw_splits(users, protocol)
  ours = pz.predict(pz.population_mean(), users, splits).weights[0, ..., 0]
  shots_alone = crowd._replace(valid=splits.position[..., 0] < 20)
  for u in range(6):
    others = users_of([array[np.arange(6) != u] for array in shots_alone])
    np.testing.assert_allclose(ours[u], pz.population_mean().init(others).mean, atol=0.05)


def test_a_solver_of_ones_own_is_evaluated_beside_the_others():
  def nearest(state, shots):  # the rating of the nearest shot by generic score
    gap = jnp.abs(shots.generic[:, None] - shots.generic[None, :])
    gap = jnp.where(shots.seen[None, :] > 0, gap, jnp.inf)
    return pz.Prediction(shots.ratings[jnp.argmin(gap, axis=1)])

  solver = pz.Solver(init=lambda other_users: (), predict=nearest)
  crowd = simulate(users=5)
  position = held_out_positions(crowd)
  ours = evaluate(crowd, solver, keep_scores=True)
  seen = crowd.valid[2] & (position[2, :, 1] < 8)
  generic = crowd.generic[2]
  for image in np.flatnonzero(crowd.valid[2] & ~seen):
    nearest_shot = np.flatnonzero(seen)[np.argmin(np.abs(generic[seen] - generic[image]))]
    assert ours.scores[0, 2, image, 1] == crowd.ratings[2, nearest_shot]
  row = statistics.summarize(ours, SHOTS)["8"]
  assert 0 < row["personal"]["mean"] < 1 and len(row["users"]) == 5


@pytest.mark.parametrize("method", ["ridge", "ols", "sgd", "empirical_bayes"])
def test_order_of_users_and_images_and_padding_change_nothing(method):
  crowd = simulate()
  users, images = np.array(list("abcdefgh")), np.arange(60) + np.zeros((8, 1), int)
  ours = evaluate(crowd, method, user_ids=users, image_ids=images)

  rng = np.random.default_rng(1)
  people, columns = rng.permutation(8), rng.permutation(60)  # padding ends up anywhere
  *arrays, moved_images = (np.asarray(a)[people][:, columns] for a in (*crowd, images))
  again = evaluate(arrays, method, user_ids=users[people], image_ids=moved_images)
  np.testing.assert_allclose(again.weights, ours.weights[:, people], atol=2e-3)
  np.testing.assert_allclose(again.srcc_generic, ours.srcc_generic[:, people], atol=1e-6)
  apart = np.abs(again.srcc_personal - ours.srcc_personal[:, people]) > 1e-2
  assert np.mean(apart) <= 0.02


def test_ridge_all_but_keeps_the_generic_score_where_outputs_say_nothing():
  crowd = simulate(spread=0.0, noise=0.1)
  noise = np.random.default_rng(5).normal(size=crowd.outputs.shape)
  silent = crowd._replace(outputs=noise)
  silent = silent._replace(ratings=np.where(crowd.valid, np.round(2 * crowd.generic) / 2, np.nan))
  ours = evaluate(silent, method="ridge")
  assert np.mean(ours.penalty == np.inf) > 0.7
  assert np.mean(ours.srcc_generic - ours.srcc_personal) < 0.005


def test_too_few_images_are_left_out_and_undefined_ones_counted():
  crowd = simulate()
  valid, ratings = crowd.valid.copy(), crowd.ratings.copy()
  valid[0, 9:] = False  # 9 images leave one at k = 8
  valid[1] = False
  ratings[2] = 3.0
  generic = crowd.generic.copy()
  generic[3] = 2.5
  crowd = crowd._replace(generic=generic, ratings=ratings, valid=valid)
  ours = evaluate(crowd, pz.ridge((np.inf,), intercept=False))
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
  free = pz.ridge((1.0,))
  ours = evaluate(crowd, free)
  by_hand = Ridge(alpha=1.0).fit(crowd.outputs[0, :9], (crowd.ratings - crowd.generic)[0, :9])
  np.testing.assert_allclose(ours.weights[1, 0], [by_hand.coef_] * SPLITS, atol=1e-4)
  np.testing.assert_allclose(ours.intercept[1, 0], by_hand.intercept_, atol=1e-4)


def test_an_intercept_takes_up_a_harsh_rater():
  crowd = simulate(spread=0.0, noise=0.1)
  harsh = crowd._replace(ratings=crowd.ratings - 1.0)
  free = pz.ridge((1.0,))
  gap = evaluate(harsh, free).intercept - evaluate(crowd, free).intercept
  np.testing.assert_allclose(gap, -1, atol=1e-3)
  assert not evaluate(crowd).intercept.any()


def test_any_number_of_auxiliary_outputs_is_fused():
  for outputs in (1, 10):
    assert evaluate(simulate(outputs=outputs)).weights.shape == (2, 8, SPLITS, outputs)


def test_a_second_call_compiles_nothing():
  evaluate(simulate())
  before = evaluation.fit_and_rank._cache_size()
  evaluate(simulate(seed=9), pz.ridge((1.0,), intercept=False), seed=4)
  assert evaluation.fit_and_rank._cache_size() == before


@pytest.mark.parametrize("field", ["generic", "outputs", "ratings"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_refused_with_the_users_name(field, bad):
  crowd = simulate(users=3)
  getattr(crowd, field)[1, 4] = bad
  with pytest.raises(UserError, match=r"user bob has .* not a finite number, at image 4"):
    evaluate(crowd, user_ids=["ann", "bob", "cem"])


def test_a_rating_off_the_scale_is_refused_with_the_users_name():
  crowd = simulate(users=3)
  crowd.ratings[2, 0] = 11
  with pytest.raises(UserError, match=r"user 2 has a rating outside 1\.\.5, at image 0"):
    evaluate(crowd, rating_range=(1, 5))


def test_bad_arguments_are_refused_in_words():
  crowd = simulate(users=3)
  with pytest.raises(UserError, match=r"use one of ridge, ols, .*conditional"):
    evaluate(crowd, "lasso")
  with pytest.raises(UserError, match="shots"):
    evaluate(crowd, shots=(0, 10))
  with pytest.raises(UserError, match="with one user, give the state"):
    evaluate(simulate(users=1), "empirical_bayes")
  with pytest.raises(UserError, match="at least 2 other users with ratings, got 1"):
    pz.empirical_bayes().init(users_of(simulate(users=1)))
  images, row = pz.make_images(np.zeros(4), np.zeros((4, 5))), np.zeros((2, 3), int)
  with pytest.raises(ValueError, match="outputs has shape"):
    pz.make_images(np.zeros(4), np.zeros((3, 5)))
  with pytest.raises(ValueError, match="ratings has shape"):
    pz.make_users(images, row, np.zeros((2, 4)))
  with pytest.raises(ValueError, match="user_ids has shape"):
    pz.make_users(images, row, np.zeros((2, 3)), user_ids=[1, 2, 3])
  with pytest.raises(ValueError, match=r"row holds 0\.\.4; there are 4 images"):
    pz.make_users(images, row + [[0], [4]], np.zeros((2, 3)))


def test_anybodys_scores_are_ranked_as_scipy_ranks_them_and_shots_are_never_read():
  crowd = simulate(users=5, images=40, fewest=8, seed=3)
  u, n = crowd.valid.shape
  rng = np.random.default_rng(0)
  scores = rng.normal(size=(2, u, n, SPLITS)).round(1) * 1e-9 + 1  # ties, and too near for float32
  users = users_of(crowd)
  splits = pz.draw_splits(users, pz.Protocol(SHOTS, SPLITS, seed=7))
  for i, k in enumerate(SHOTS):
    scores[i][(splits.position < k) | ~crowd.valid[..., None]] = np.nan
    scores[i][crowd.valid.sum(1) < k + 2] = np.nan  # one image left to rank
  ours = pz.evaluate(scores, users, splits)
  for i, k in enumerate(SHOTS):
    for user, s in np.ndindex(u, SPLITS):
      test = crowd.valid[user] & (splits.position[user, :, s] >= k)
      rated = crowd.ratings[user][test]
      if crowd.valid[user].sum() < k + 2:
        assert np.isnan(ours.srcc_personal[i, user, s])
        continue
      expected = [spearman(a[test], rated) for a in (scores[i, user, :, s], crowd.generic[user])]
      found = [ours.srcc_personal[i, user, s], ours.srcc_generic[i, user, s]]
      np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_array_equal(ours.left_out[i], crowd.valid.sum(1) < k + 2)
  assert np.isnan(ours.coverage).all() and np.isnan(ours.penalty).all()
  assert statistics.summarize(ours, SHOTS)["8"]["test"]["people"] > 1
  own = scores.copy()
  user, image, s = np.argwhere(np.isfinite(own[1]))[0]
  own[1, user, image, s] = np.inf
  said = f"user {user}, image {image}, split {s}, k = 30 is inf"
  with pytest.raises(UserError, match=said):
    pz.evaluate(own, users, splits)
  with pytest.raises(ValueError, match="scores have shape"):
    pz.evaluate(scores[:1], users, splits)


@pytest.mark.parametrize("method", ["ridge", "empirical_bayes"])
def test_our_own_predictions_come_out_with_the_same_figures(method):
  users = users_of(simulate(seed=5))
  splits = pz.draw_splits(users, pz.Protocol(SHOTS, SPLITS))
  ours = pz.evaluate(method, users, splits)
  again = pz.evaluate(pz.predict(method, users, splits), users, splits)
  for name in ("srcc_personal", "srcc_generic", "constant_ratings", "coverage", "width"):
    np.testing.assert_allclose(getattr(again, name), getattr(ours, name), rtol=1e-6)
