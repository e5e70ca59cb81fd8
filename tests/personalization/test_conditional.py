"""Weights that depend on the image: learnt where they do, from the shots alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from paiaa_jax import personalization as pz
from paiaa_jax.errors import UserError
from paiaa_jax.personalization.solvers.conditional import (
  fit_conditional,
  image_weights,
  initial_layers,
)
from tests.personalization.crowd import evaluate, users_of

USERS, IMAGES, SPLITS = 3, 50, 5
OPTIONS = dict(widths=(16,), learning_rate=0.02, steps=60)
SOLVER = pz.conditional(**OPTIONS, block=2)
SETTINGS = dict(shots=(30,), num_splits=SPLITS)


def people(seed=0):
  """Users who like calm in dark images and dislike it in bright ones: no fixed weight serves."""
  rng = np.random.default_rng(seed)
  bright = np.sign(rng.normal(size=(USERS, IMAGES, 1)))
  features = np.concatenate([bright, rng.normal(size=(USERS, IMAGES, 5))], axis=-1)
  calm = rng.uniform(-1, 1, (USERS, IMAGES, 1))
  generic = rng.normal(3, 0.1, (USERS, IMAGES))
  ratings = generic - 0.8 * (bright * calm)[..., 0] + rng.normal(0, 0.05, generic.shape)
  return (generic, calm, ratings, np.ones(generic.shape, bool)), features


def test_it_learns_what_no_fixed_weight_can():
  arrays, features = people()
  users = users_of(arrays, coordinates=features)
  ours, fixed = (evaluate(method, users, **SETTINGS) for method in (SOLVER, "ridge"))
  assert np.mean(ours.srcc_personal) > 0.8 > 0.4 > np.mean(fixed.srcc_personal)


def test_a_fit_sees_its_shots_alone_and_blocks_change_nothing():
  arrays, features = people()
  rng = np.random.default_rng(1)
  seen = (rng.random(IMAGES) < 0.5).astype(np.float32)
  start = initial_layers(6, (16,), 1)
  f, x = jnp.asarray(features[0], jnp.float32), jnp.asarray(arrays[1][0], jnp.float32)
  target = jnp.asarray((arrays[2] - arrays[0])[0], jnp.float32)
  train = lambda y: fit_conditional(  # noqa: E731
    start, f, x, y, seen, learning_rate=0.02, weight_decay=0.0, steps=5
  )
  np.testing.assert_array_equal(train(target), train(jnp.where(seen > 0, target, 99.0)))

  users = users_of(arrays, coordinates=features)
  many = evaluate(SOLVER, users, **SETTINGS)
  at_once = evaluate(pz.conditional(**OPTIONS, block=SPLITS), users, **SETTINGS)
  np.testing.assert_allclose(many.weights, at_once.weights, atol=1e-3)


def test_untrained_it_is_the_generic_score():
  layers = initial_layers(6, (16, 8), 3)
  assert not image_weights(layers, jax.random.normal(jax.random.key(0), (9, 6))).any()


def test_features_are_asked_for_and_checked():
  arrays, features = people()
  with pytest.raises(UserError, match="weighs by image features"):
    evaluate(SOLVER, users_of(arrays), **SETTINGS)
  features[1, 3, 0] = np.nan
  with pytest.raises(UserError, match="user bob has an image coordinate"):
    users_of(arrays, coordinates=features, user_ids=["ann", "bob", "cem"])
