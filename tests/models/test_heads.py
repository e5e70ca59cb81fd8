"""What heads start from: torch's own draws, or a flat prediction."""

import jax
import numpy as np
import pytest

from paiaa_jax.models.heads import Head


def first(initialisation):
  features = np.random.default_rng(0).normal(size=(3, 200)).astype(np.float32)
  head = Head(5, widths=(300,), initialisation=initialisation)

  @jax.jit
  def draw(key, features):
    variables = head.init(key, features, train=False)
    return variables["params"], head.apply(variables, features, train=False)

  return jax.device_get(draw(jax.random.key(0), features))


def test_torchs_defaults_are_those_of_its_linear_layer():
  torch = pytest.importorskip("torch")
  torch.manual_seed(0)
  params, said = first("torch")
  for name, inputs, outputs in (("fc0", 200, 300), ("out", 300, 5)):
    theirs = torch.nn.Linear(inputs, outputs)
    for leaf, other in (("kernel", theirs.weight), ("bias", theirs.bias)):
      ours, other = np.asarray(params[name][leaf]), other.detach().numpy()
      assert max(np.abs(ours).max(), np.abs(other).max()) <= inputs**-0.5
      few = ours.size < 100
      np.testing.assert_allclose(np.std(ours), np.std(other), rtol=0.9 if few else 0.1)
  assert np.ptp(said) > 0


def test_a_flat_head_begins_with_a_flat_prediction():
  params, said = first("flat")
  np.testing.assert_allclose(said, 0.2)
  assert not params["out"]["bias"].any() and np.any(params["fc0"]["kernel"])
