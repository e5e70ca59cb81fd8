"""The fits of one user against numpy, scikit-learn and brute force."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
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


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("strength", [0.3, 5.0, np.inf])
def test_leave_one_out_agrees_with_refitting(ratings_of_one, strength, intercept):
  x, target, mask = ratings_of_one
  seen = np.flatnonzero(mask)
  squares = []
  for i in seen:
    others = mask.copy()
    others[i] = 0
    weights = linear.fit_ridge(seen_moments(x, target, others), strength, intercept=intercept)
    squares.append(float(target[i] - linear.design(x[i]) @ weights) ** 2)
  closed, free = linear.leave_one_out(
    seen_moments(*ratings_of_one), linear.design(x), target, mask, strength, intercept=intercept
  )
  assert float(closed) == pytest.approx(np.mean(squares), rel=1e-4)
  rows = x[seen] - intercept * x[seen].mean(axis=0)
  values = np.linalg.svd(rows.astype(np.float64), compute_uv=False) ** 2
  assert float(free) == pytest.approx(np.sum(values / (values + strength)), abs=1e-4)


def chosen_by_hand(x, target, intercept):
  """The strength of least leave-one-out error that a tenth of the ratings can pay for; refitted."""

  def fit(rows, strength):
    centre = intercept * x[rows].mean(axis=0), intercept * target[rows].mean()
    a, b = x[rows] - centre[0], target[rows] - centre[1]
    w = np.zeros(x.shape[1])
    if np.isfinite(strength):
      w = np.linalg.solve(a.T @ a + strength * np.eye(x.shape[1]), a.T @ b)
    return w, centre[1] - centre[0] @ w, a

  everyone, errors = np.arange(len(x)), {}
  for strength in GRID:
    a = fit(everyone, strength)[2]
    values = np.linalg.eigvalsh(a.T @ a)
    if np.sum(values / (values + strength)) <= len(x) / 10:
      off = []
      for i in everyone:
        w, constant, _ = fit(np.delete(everyone, i), strength)
        off.append(target[i] - x[i] @ w - constant)
      errors[strength] = np.mean(np.square(off))
  return min(errors, key=errors.get)


@pytest.mark.parametrize("intercept", [False, True])
def test_ridge_takes_the_strength_that_a_plain_loop_takes(intercept):
  rng = np.random.default_rng(7)
  people, shots = 12, (10, 24)
  x = (0.1 + rng.choice([0.3, 1.0], (people, 1, 1)) * rng.normal(size=(people, 24, 4))).astype("f4")
  weights = rng.normal(size=(people, 4)) * rng.choice([0, 1], (people, 1))
  target = (np.einsum("unk,uk->un", x, weights) + rng.normal(0.5, 1, (people, 24))).astype("f4")
  users = users_of((np.zeros_like(target), x, target, np.ones(target.shape, bool)))
  splits = pz.draw_splits(users, pz.Protocol(shots, num_splits=1))
  ours = pz.predict(pz.ridge(intercept=intercept), users, splits).penalty[..., 0].T  # [u, shots]
  drawn = splits.image[..., 0]
  x = np.take_along_axis(x, drawn[..., None], axis=1)
  target = np.take_along_axis(target, drawn, axis=1)
  expected = [
    [chosen_by_hand(x[u, :k].astype(float), target[u, :k].astype(float), intercept) for k in shots]
    for u in range(people)
  ]
  assert len(np.unique(expected)) >= 4  # both who has a taste and who has none
  np.testing.assert_allclose(ours, expected)


def gains(crowd, shots):
  ours = evaluate("ridge", users_of(crowd), shots, num_splits=8)
  return np.nanmean(ours.srcc_personal - ours.srcc_generic, axis=(1, 2))


def test_ridge_costs_next_to_nothing_where_taste_is_only_noise():
  users = simulate(users=30, images=80, fewest=80, noise=0.8, seed=4)
  mean, spread = np.mean(users.outputs), np.std(users.outputs)
  drawn = np.random.default_rng(99).normal(mean, spread, users.outputs.shape)
  pure_noise = users._replace(outputs=drawn.astype("f4"))  # not what the ratings were made of
  assert (gains(pure_noise, (10, 60)) > -0.01).all()  # picked by the least error alone: -0.05


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
