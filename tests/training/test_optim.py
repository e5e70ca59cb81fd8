"""The optimiser against the update rule in numpy, and the schedule against its formula."""

import jax
import numpy as np
import optax
import pytest

from paiaa_jax.errors import UserError
from paiaa_jax.training import optim

PARAMS = {
  "backbone": {"kernel": np.array([1.0, -2.0], np.float32)},
  "aesthetics": {"bias": np.array([0.5], np.float32)},
}


def gradient(step):
  random = np.random.default_rng(step)
  return jax.tree.map(lambda x: random.normal(size=x.shape).astype(np.float32), PARAMS)


def schedule(name="exponential", **options):
  return optim.make_schedule(
    name, **{"decay": 0.9, "steps_per_epoch": 2, "total_steps": 10, **options}
  )


def test_sgd_follows_the_paper_with_two_rates():
  rates = {"backbone": 0.01, "aesthetics": 0.1}
  optimizer = optim.make_optimizer(
    "sgd", schedule(), lr_backbone=0.01, lr_heads=0.1, momentum=0.9, weight_decay=0.05
  )
  params, state = PARAMS, optimizer.init(PARAMS)
  expected = jax.tree.map(np.copy, PARAMS)
  velocity = jax.tree.map(np.zeros_like, PARAMS)
  for step in range(5):
    grads = gradient(step)
    updates, state = optimizer.update(grads, state, params)
    params = optax.apply_updates(params, updates)
    for part, rate in rates.items():
      (name,) = expected[part]
      l2 = grads[part][name] + 0.05 * expected[part][name]
      velocity[part][name] = 0.9 * velocity[part][name] + l2
      expected[part][name] -= rate * 0.9 ** (step // 2) * velocity[part][name]
  jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), params, expected)


def test_clipping_bounds_the_norm_of_the_whole_gradient():
  optimizer = optim.make_optimizer(
    "sgd", schedule("constant"), lr_backbone=1.0, lr_heads=1.0, momentum=0.0, clip_norm=0.01
  )
  updates, _ = optimizer.update(gradient(0), optimizer.init(PARAMS), PARAMS)
  np.testing.assert_allclose(optax.tree.norm(updates), 0.01, rtol=1e-5)


@pytest.mark.parametrize(
  ("name", "step", "factor"),
  [
    ("exponential", 0, 1.0),
    ("exponential", 1, 1.0),
    ("exponential", 5, 0.81),
    ("cosine", 0, 1.0),
    ("cosine", 5, 0.5),
    ("cosine", 10, 0.0),
    ("constant", 7, 1.0),
  ],
)
def test_schedule(name, step, factor):
  np.testing.assert_allclose(schedule(name)(step), factor, atol=1e-6)


def test_warmup_rises_to_the_full_rate():
  warm = schedule("constant", warmup_steps=4)
  np.testing.assert_allclose([warm(step) for step in range(6)], [0.25, 0.5, 0.75, 1, 1, 1])


def test_unknown_names_list_the_known_ones():
  with pytest.raises(UserError, match=r"optim.schedule 'linear'.*cosine"):
    schedule("linear")
  with pytest.raises(UserError, match=r"optim.optimizer 'lion'.*sgd, adam, adamw"):
    optim.make_optimizer("lion", schedule(), lr_backbone=1.0, lr_heads=1.0)


def test_adamw_takes_the_weights_down_beside_adams_step():
  given = dict(lr_backbone=0.01, lr_heads=0.1)
  params = jax.tree.map(lambda x: x.astype(np.float32), PARAMS)
  plain, decayed = (
    optim.make_optimizer(name, schedule("constant"), weight_decay=decay, **given)
    for name, decay in (("adam", 0.0), ("adamw", 0.3))
  )
  updates = [o.update(gradient(0), o.init(params), params)[0] for o in (plain, decayed)]
  for part, rate in (("backbone", 0.01), ("aesthetics", 0.1)):
    (name,) = params[part]
    expected = updates[0][part][name] - rate * 0.3 * params[part][name]
    np.testing.assert_allclose(updates[1][part][name], expected, rtol=1e-5)


def test_layers_near_the_image_may_learn_more_slowly():
  params = {
    "backbone": {layer: {"kernel": np.ones(2, np.float32)} for layer in ("stem", "block", "head")},
    "aesthetics": {"bias": np.ones(1, np.float32)},
  }
  rates = optim.layer_rates(("stem", "block", "head"), 0.01)
  given = dict(lr_backbone=0.5, lr_heads=2.0, momentum=0.0, layer_rates=rates)
  optimizer = optim.make_optimizer("sgd", schedule("constant"), **given)
  updates, _ = optimizer.update(params, optimizer.init(params), params)
  found = [float(-updates["backbone"][layer]["kernel"][0]) for layer in ("stem", "block", "head")]
  np.testing.assert_allclose(found, [0.005, 0.05, 0.5], rtol=1e-5)
  np.testing.assert_allclose(updates["aesthetics"]["bias"], -2.0)


def test_a_backbone_of_rate_0_stays_whatever_the_weight_decay():
  given = dict(lr_backbone=0.0, lr_heads=1.0, weight_decay=0.5)
  optimizer = optim.make_optimizer("sgd", schedule("constant"), **given)
  state = optimizer.init(PARAMS)
  updates, _ = optimizer.update(gradient(0), state, PARAMS)
  assert not updates["backbone"]["kernel"].any() and updates["aesthetics"]["bias"].any()
