"""The fits of one user against numpy, scikit-learn and brute force."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats
from sklearn.linear_model import LinearRegression, Ridge

from paiaa_jax import personalization as pz
from paiaa_jax.personalization import linear
from paiaa_jax.personalization.penalties import GRID
from paiaa_jax.personalization.solvers.sgd import fit_sgd
from tests.personalization.crowd import evaluate, simulate, users_of


@pytest.fixture
def ratings_of_one():
  """x [n, k], target [n] and the mask of what a fit may see [n]."""
  rng = np.random.default_rng(0)
  x = (0.1 + 0.3 * rng.normal(size=(50, 5))).astype(np.float32)
  target = (x @ rng.normal(size=5) + 0.3 + rng.normal(0, 0.3, 50)).astype(np.float32)
  return x, target, (np.arange(50) % 5 < 3).astype(np.float32)


def seen_moments(x, target, mask):
  mask = jnp.asarray(mask)
  return linear.moments(linear.design(jnp.asarray(x)), mask * jnp.asarray(target), mask)


@pytest.mark.parametrize("d", [1, 3, 6, 11])
def test_solve_and_inverse_agree_with_numpy(d):
  rng = np.random.default_rng(d)
  root = rng.normal(size=(3 * d, d)).astype(np.float32)
  matrix, vector, ridge = root.T @ root, rng.normal(size=d).astype(np.float32), np.ones(d)
  full = matrix + np.diag(ridge)
  np.testing.assert_allclose(
    jax.jit(linear.solve)(matrix, vector, ridge), np.linalg.solve(full, vector), rtol=2e-4
  )
  np.testing.assert_allclose(
    jax.jit(linear.inverse)(matrix, ridge), np.linalg.inv(full), rtol=1e-4, atol=1e-6
  )


def test_an_infinite_ridge_takes_a_column_out():
  matrix = jnp.array([[2.0, 1.0], [1.0, 3.0]])
  ridge = jnp.array([0.0, jnp.inf])
  np.testing.assert_allclose(linear.solve(matrix, jnp.array([1.0, 1.0]), ridge), [0.5, 0])
  np.testing.assert_allclose(linear.inverse(matrix, ridge), [[0.5, 0], [0, 0]])


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("strength", [0.0, 0.5, 20.0])
def test_ridge_agrees_with_scikit_learn(ratings_of_one, strength, intercept):
  x, target, mask = ratings_of_one
  weights = linear.fit_ridge(seen_moments(*ratings_of_one), strength, intercept=intercept)
  model = Ridge(alpha=strength, fit_intercept=intercept)
  model = model if strength else LinearRegression(fit_intercept=intercept)
  model.fit(x[mask > 0].astype(np.float64), target[mask > 0])
  np.testing.assert_allclose(weights[:-1], model.coef_, atol=1e-4)
  assert float(weights[-1]) == pytest.approx(model.intercept_, abs=1e-4)


def test_infinite_strength_is_the_generic_score(ratings_of_one):
  weights = linear.fit_ridge(seen_moments(*ratings_of_one), jnp.inf, intercept=False)
  np.testing.assert_array_equal(weights, np.zeros(6))


def test_outputs_that_are_all_zero_or_all_alike_are_fitted_without_nan():
  for x in (np.zeros((20, 5)), np.ones((20, 5))):
    seen = seen_moments(x.astype(np.float32), np.ones(20, np.float32), np.ones(20))
    for strength in (0.0, 1.0, np.inf):
      assert np.isfinite(linear.fit_ridge(seen, strength, intercept=True)).all()


def centred(x, target, intercept):
  """What is left of x [n, k] and target [n] where no constant counts: n - 1 contrasts, or all."""
  basis = np.linalg.svd(np.ones((1, len(x))))[2][intercept:] if intercept else np.eye(len(x))
  return basis @ x, basis @ target


def evidence_by_scipy(x, target, penalty, intercept, variance=0.5, ratings=3.0):
  """Marginal likelihood of all weights and the noise, which makes the target a multivariate t."""
  x, target = centred(x, target, intercept)
  spread = np.eye(len(x)) + x @ x.T / penalty
  return stats.multivariate_t.logpdf(target, shape=variance * spread, df=ratings)


@pytest.mark.parametrize("intercept", [False, True])
def test_the_evidence_of_a_penalty_is_that_of_scipy(ratings_of_one, intercept):
  x, target, mask = ratings_of_one
  seen = np.flatnonzero(mask)
  penalties = (0.3, 5.0, 100.0, np.inf)
  theirs = [
    evidence_by_scipy(x[seen].astype(float), target[seen].astype(float), p, intercept)
    for p in penalties
  ]
  sums = seen_moments(*ratings_of_one)
  ours = [linear.log_evidence(sums, p, (0.5, 3.0), intercept=intercept) for p in penalties]
  np.testing.assert_allclose(np.diff(ours), np.diff(theirs), rtol=1e-3)


@pytest.mark.parametrize("intercept", [False, True])
def test_ridge_averages_the_weights_of_all_penalties_by_their_evidence(intercept):
  rng = np.random.default_rng(7)
  people, shots = 6, (10, 24)
  x = (0.1 + rng.choice([0.3, 1.0], (people, 1, 1)) * rng.normal(size=(people, 24, 4))).astype("f4")
  weights = rng.normal(size=(people, 4)) * rng.choice([0, 1], (people, 1))
  target = (np.einsum("unk,uk->un", x, weights) + rng.normal(0.5, 1, (people, 24))).astype("f4")
  users = users_of((np.zeros_like(target), x, target, np.ones(target.shape, bool)))
  splits = pz.draw_splits(users, pz.Protocol(shots, num_splits=1))
  found = pz.predict(pz.ridge(intercept=intercept, rating_range=(0.0, 5.0)), users, splits)
  drawn = splits.image[..., 0]
  x = np.take_along_axis(x, drawn[..., None], axis=1).astype(float)
  target = np.take_along_axis(target, drawn, axis=1).astype(float)
  likeliest = set()
  for u, (i, k) in itertools.product(range(people), enumerate(shots)):
    rows = centred(x[u, :k], target[u, :k], intercept)
    log = [evidence_by_scipy(x[u, :k], target[u, :k], p, intercept, 1.0, 4.0) for p in GRID]
    share = special.softmax(log + np.log([0.1] * 7 + [0.3]))
    fits = [Ridge(alpha=p, fit_intercept=False).fit(*rows).coef_ for p in GRID[:-1]]
    np.testing.assert_allclose(found.weights[i, u, :-1, 0], share[:-1] @ fits, atol=2e-3)
    likeliest.add(GRID[np.argmax(share)])
    assert found.penalty[i, u, 0] == np.float32(GRID[np.argmax(share)])
  assert len(likeliest) >= 3  # both who has a taste and who has none


# Weights N(0, strength^2) on tanh(.3 N(0, 1)); how far below the best penalty of all users, which
# nobody is told, at 10 and 100 shots. docs/method.md has fifty sets of each, and what can be had.
@pytest.mark.parametrize(
  ("strength", "most"),
  [(0.0, (0.006, 0.005)), (0.3, (0.01, 0.01)), (1.0, (0.06, 0.005)), (3.0, (0.1, 0.005))],
)
def test_ridge_is_near_the_best_one_penalty_whatever_the_taste(strength, most):
  users = planted_taste(strength, sets=3)
  splits = pz.draw_splits(users, pz.Protocol((10, 100), num_splits=2))
  ours, *fixed = (
    pz.evaluate(solver, users, splits).srcc_personal.mean(axis=(1, 2))
    for solver in ("ridge", *(pz.ridge((p,)) for p in (0.1, 1.0, np.inf)))
  )
  assert (np.max(fixed, axis=0) - ours < most).all()


def planted_taste(strength, sets, seed=0, people=37, images=130):
  """`sets` sets of users of one strength, as one; ratings 1..5 with a noise of .5."""
  rng = np.random.default_rng(seed)
  shape = (sets * people, images)
  outputs = np.tanh(0.3 * rng.normal(size=(*shape, 5)))
  generic = rng.normal(3, 0.6, shape)
  taste = np.einsum("unk,uk->un", outputs, strength * rng.normal(size=(len(outputs), 5)))
  ratings = np.clip(np.round(generic + taste + rng.normal(0, 0.5, shape)), 1, 5)
  return users_of((generic, outputs, ratings, np.ones(shape, bool)), rating_range=(1.0, 5.0))


def gains(crowd, shots):
  ours = evaluate("ridge", users_of(crowd), shots, num_splits=8)
  return np.nanmean(ours.srcc_personal - ours.srcc_generic, axis=(1, 2))


def test_ridge_costs_next_to_nothing_where_taste_is_only_noise():
  users = simulate(users=30, images=80, fewest=80, noise=0.8, seed=4)
  mean, spread = np.mean(users.outputs), np.std(users.outputs)
  drawn = np.random.default_rng(99).normal(mean, spread, users.outputs.shape)
  pure_noise = users._replace(outputs=drawn.astype("f4"))  # not what the ratings were made of
  assert (gains(pure_noise, (10, 60)) > -0.02).all()  # picked by leave-one-out: -0.05


def test_and_gains_where_there_is_a_taste():
  few, many = gains(simulate(users=30, images=80, fewest=80, seed=4), (10, 60))
  assert few > 0.03 and many > 0.1


def test_sgd_agrees_with_a_plain_loop(ratings_of_one):
  x, target, mask = ratings_of_one
  settings = dict(learning_rate=0.05, decay=0.9, momentum=0.9, weight_decay=1e-2, epochs=7)
  groups = np.array_split(np.flatnonzero(mask), 2)
  masks = np.stack([np.isin(np.arange(50), group) for group in groups]).astype(np.float32)
  masks = np.concatenate([masks, np.zeros((1, 50), np.float32)])  # an empty batch is passed over
  batches = jax.vmap(seen_moments, in_axes=(None, None, 0))(x, target, masks)
  weights = jax.jit(lambda b: fit_sgd(b, **settings))(batches)

  w, velocity = np.zeros(5), np.zeros(5)
  for epoch in range(settings["epochs"]):
    rate = settings["learning_rate"] * settings["decay"] ** epoch
    for group in groups:
      error = target[group] - x[group] @ w
      gradient = -2 * x[group].T @ error / len(group) + settings["weight_decay"] * w
      velocity = settings["momentum"] * velocity + gradient
      w = w - rate * velocity
  np.testing.assert_allclose(weights[:-1], w, atol=1e-5)
  assert weights[-1] == 0
