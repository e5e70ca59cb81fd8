"""A frozen backbone with heads in closed form: fitted plainly, served alike, alone or not."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.kernel_ridge import KernelRidge

from paiaa_jax.errors import UserError
from paiaa_jax.models import frozen_heads
from paiaa_jax.models.predictor import Predictor
from paiaa_jax.models.weights import model_folder
from tests.photos.tiny_model import save_tiny_frozen, save_tiny_model

N, D, B = 30, 50, 7


@pytest.fixture
def data():
  random = np.random.default_rng(0)
  shares = random.dirichlet(np.ones(B), N)
  return random.normal(size=(N, D)) * np.arange(1, D + 1), shares, random.uniform(-1, 1, (N, 2))


def test_coordinates_are_the_principal_ones_with_fixed_signs(data):
  features, _, _ = data
  heads = frozen_heads.projection(features, 8)
  squashed = np.tanh((features - features.mean(0)) / features.std(0))
  expected = PCA(8, svd_solver="full").fit_transform(squashed)
  found = frozen_heads.project(heads, features)
  signs = np.sign(np.sum(found * expected, axis=0))
  np.testing.assert_allclose(found, expected * signs, atol=5e-3)
  basis = heads["basis"].astype(float)
  assert np.all(np.take_along_axis(basis, np.argmax(np.abs(basis), axis=0)[None], axis=0) > 0)


def test_the_heads_are_weighted_kernel_ridge(data):
  features, shares, aux = data
  extra = frozen_heads.Extra(features[:4] + 1, shares[:4], np.array([0.1, 0.2, 0.3, 0.4]))
  projection = frozen_heads.projection(features, 8)
  heads = frozen_heads.fit(projection, features, shares, aux, extra)
  centres, width = heads["centres"].astype(float), float(heads["width"])
  x = frozen_heads.project(projection, features)
  gram = np.exp(-np.square(x[:, None] - x[None]).sum(-1) / (2 * width))
  penalty = frozen_heads.choose_penalty(gram, shares - shares.mean(0))
  oracle = KernelRidge(alpha=penalty, kernel="rbf", gamma=1 / (2 * width))
  targets = np.concatenate([shares, extra.shares]) - shares.mean(0)
  weights = np.concatenate([np.ones(N), extra.weight])
  expected = oracle.fit(centres, targets, sample_weight=weights).predict(x) + shares.mean(0)
  found = frozen_heads.respond(heads, x)
  np.testing.assert_allclose(found[:, :B], expected, atol=1e-4)
  np.testing.assert_allclose(found[:, :B].sum(1), 1, atol=1e-5)
  alone = frozen_heads.respond(frozen_heads.fit(projection, features, shares, aux), x)
  np.testing.assert_allclose(found[:, B:], alone[:, B:], atol=1e-5)


@pytest.fixture
def served(tmp_path, monkeypatch):
  """A predictor over a tiny frozen backbone, its images, and what its heads should say of them."""
  file = tmp_path / "weights"
  images, expected = save_tiny_frozen(tmp_path / "model", monkeypatch, file)
  return tmp_path / "model", images, expected, file


def test_the_folder_says_what_the_heads_say(served):
  folder, images, expected, _ = served
  prediction = Predictor(folder).predict(images)
  shares = np.maximum(expected[:, :B], 0)
  shares /= shares.sum(1, keepdims=True)
  np.testing.assert_allclose(prediction.distribution, shares, atol=1e-4)
  np.testing.assert_allclose(prediction.aux, np.clip(expected[:, B:], -1, 1), atol=1e-4)


def test_company_changes_no_bit_and_a_mirror_image_little(served):
  folder, images, _, _ = served
  predictor = Predictor(folder)
  alone, together = predictor.predict(images[2:3]), predictor.predict(images)
  mirrored = predictor.predict(images[2:3, :, ::-1])
  for one, many, mirror in zip(alone, together, mirrored, strict=True):
    np.testing.assert_array_equal(one[0], many[2])
    np.testing.assert_allclose(one, mirror, atol=1e-4)


def test_another_version_of_the_backbones_weights_is_refused(served):
  folder, _, _, file = served
  file.write_bytes(b"others")
  with pytest.raises(ValueError, match="another version of tiny_photos"):
    Predictor(folder)


def test_the_number_of_coordinates_is_known_without_the_weights(served, tmp_path):
  folder, images, _, _ = served
  model = model_folder.read(folder)
  assert model.num_coordinates == Predictor(folder).predict(images).features.shape[1] == 5
  assert model_folder.read(save_tiny_model(tmp_path / "trained")).num_coordinates == 0
  weights = folder / "model.safetensors"
  for broken in (weights.read_bytes()[:-9], (tmp_path / "trained" / weights.name).read_bytes()):
    weights.write_bytes(broken)
    with pytest.raises(UserError, match=r"model\.safetensors is not a frozen network's weights"):
      model_folder.read(folder)
