"""The model that comes with the package: what it says of itself, and of photographs."""

import json

import numpy as np
import pytest
from skimage import data

import paiaa_jax
from paiaa_jax.data.images import PREPROCESSING
from paiaa_jax.photos import choose_model


@pytest.fixture(params=[None, choose_model.FAST])
def folder(request, monkeypatch):
  monkeypatch.delenv(choose_model.VARIABLE, raising=False)
  return choose_model.open_model(request.param)


@pytest.fixture
def config(folder):
  return json.loads((folder.folder / "config.json").read_text())


def test_it_is_small_and_says_where_it_comes_from(folder, config):
  files = list(folder.folder.iterdir())
  expected = {"README.md", "config.json", "model.safetensors", "taste.json"}
  assert {file.name for file in files} == expected
  assert sum(file.stat().st_size for file in files) < 6e6
  assert "600 people" in config["trained_on"] and "OASIS" in config["trained_on"]
  assert "without a licence statement" in config["sources"]["ratings"]
  assert "assumption" in config["assumptions"] and config["limits"]
  assert config["aux_names"] == ["valence", "arousal"]
  assert config["preprocessing"]["pixels"] == PREPROCESSING
  card = (folder.folder / "README.md").read_text()
  assert folder.model_id in card and config["trained_on"] in card


def test_its_figures_are_those_that_were_asked_for(folder, config):
  figures = config["figures"]
  assert figures["srocc_by_theme"] >= (0.69 if folder.folder == choose_model.PACKAGED else 0.65)
  assert figures["lost_to_technique_by_theme"] <= 0.01
  assert figures["lost_to_technique_by_photograph"] <= 0.01


def test_a_photograph_is_better_than_a_grey_frame_and_than_itself_in_the_dark(folder):
  model = paiaa_jax.load(folder.folder)
  astronaut = data.astronaut()
  dark = (astronaut // 16).astype(np.uint8)
  found = model.score([astronaut, np.full_like(astronaut, 128), dark])
  assert found.score[0] > found.score[1:].max()
  assert np.all((found.score > 1) & (found.score < 7))
  np.testing.assert_allclose(found.distribution.sum(axis=1), 1, atol=1e-5)
  assert found.distribution.shape == (3, 7)
