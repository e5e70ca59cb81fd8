"""The fits of one user against numpy, scikit-learn and brute force."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge

from paiaa_jax.personalization import fusion


@pytest.fixture
def ratings_of_one():
  """x [n, k], target [n] and the mask of what a fit may see [n]."""
  rng = np.random.default_rng(0)
  x = (0.1 + 0.3 * rng.normal(size=(50, 5))).astype(np.float32)
  target = (x @ rng.normal(size=5) + 0.3 + rng.normal(0, 0.3, 50)).astype(np.float32)
  return x, target, (np.arange(50) % 5 < 3).astype(np.float32)


def seen_moments(x, target, mask):
  return fusion.moments(fusion.design(jnp.asarray(x)), jnp.asarray(target), jnp.asarray(mask))


@pytest.mark.parametrize("d", [1, 3, 6, 11])
def test_solve_and_inverse_agree_with_numpy(d):
  rng = np.random.default_rng(d)
  root = rng.normal(size=(3 * d, d)).astype(np.float32)
  matrix, vector, ridge = root.T @ root, rng.normal(size=d).astype(np.float32), np.ones(d)
  full = matrix + np.diag(ridge)
  np.testing.assert_allclose(
    jax.jit(fusion.solve)(matrix, vector, ridge), np.linalg.solve(full, vector), rtol=2e-4
  )
  np.testing.assert_allclose(
    jax.jit(fusion.inverse)(matrix, ridge), np.linalg.inv(full), rtol=1e-4, atol=1e-6
  )


def test_an_infinite_ridge_takes_a_column_out():
  matrix = jnp.array([[2.0, 1.0], [1.0, 3.0]])
  ridge = jnp.array([0.0, jnp.inf])
  np.testing.assert_allclose(fusion.solve(matrix, jnp.array([1.0, 1.0]), ridge), [0.5, 0])
  np.testing.assert_allclose(fusion.inverse(matrix, ridge), [[0.5, 0], [0, 0]])


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("strength", [0.0, 0.5, 20.0])
def test_ridge_agrees_with_scikit_learn(ratings_of_one, strength, intercept):
  x, target, mask = ratings_of_one
  weights = fusion.fit_ridge(seen_moments(*ratings_of_one), strength, intercept=intercept)
  model = Ridge(alpha=strength, fit_intercept=intercept)
  model = model if strength else LinearRegression(fit_intercept=intercept)
  model.fit(x[mask > 0].astype(np.float64), target[mask > 0])
  np.testing.assert_allclose(weights[:-1], model.coef_, atol=1e-4)
  assert float(weights[-1]) == pytest.approx(model.intercept_, abs=1e-4)


def test_infinite_strength_is_the_generic_score(ratings_of_one):
  weights = fusion.fit_ridge(seen_moments(*ratings_of_one), jnp.inf, intercept=False)
  np.testing.assert_array_equal(weights, np.zeros(6))


def test_outputs_that_are_all_zero_or_all_alike_are_fitted_without_nan():
  for x in (np.zeros((20, 5)), np.ones((20, 5))):
    seen = seen_moments(x.astype(np.float32), np.ones(20, np.float32), np.ones(20))
    for strength in (0.0, 1.0, np.inf):
      assert np.isfinite(fusion.fit_ridge(seen, strength, intercept=True)).all()


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("strength", [0.3, 5.0, np.inf])
def test_leave_one_out_agrees_with_refitting(ratings_of_one, strength, intercept):
  x, target, mask = ratings_of_one
  seen = np.flatnonzero(mask)
  squares = []
  for i in seen:
    others = mask.copy()
    others[i] = 0
    weights = fusion.fit_ridge(seen_moments(x, target, others), strength, intercept=intercept)
    squares.append(float(target[i] - fusion.design(x[i]) @ weights) ** 2)
  closed = fusion.loo_error(
    seen_moments(*ratings_of_one), fusion.design(x), target, mask, strength, intercept=intercept
  )
  assert float(closed) == pytest.approx(np.mean(squares), rel=1e-4)


def test_sgd_agrees_with_a_plain_loop(ratings_of_one):
  x, target, mask = ratings_of_one
  settings = dict(learning_rate=0.05, decay=0.9, momentum=0.9, weight_decay=1e-2, epochs=7)
  groups = np.array_split(np.flatnonzero(mask), 2)
  masks = np.stack([np.isin(np.arange(50), group) for group in groups]).astype(np.float32)
  masks = np.concatenate([masks, np.zeros((1, 50), np.float32)])  # an empty batch is passed over
  batches = jax.vmap(seen_moments, in_axes=(None, None, 0))(x, target, masks)
  weights = jax.jit(lambda b: fusion.fit_sgd(b, **settings))(batches)

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
