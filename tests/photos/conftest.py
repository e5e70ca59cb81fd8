"""A tiny model, photographs to put before it, and a cache of their own for every test."""

import numpy as np
import pytest
from PIL import Image

from paiaa_jax.models.weights import model_folder
from paiaa_jax.photos.library import Library
from tests.photos.tiny_model import save_tiny_frozen, save_tiny_model


@pytest.fixture(scope="session")
def model_path(tmp_path_factory):
  return save_tiny_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def model(model_path):
  return model_folder.read(model_path)


@pytest.fixture
def open_library(model, tmp_path):
  """Library(paths) with the tiny model, small batches and a cache that this test alone has."""

  def opened(*paths, **options):
    return Library(paths, model, **{"batch_size": 8, "cache": tmp_path / "cache.sqlite", **options})

  return opened


@pytest.fixture
def frozen_model(tmp_path, monkeypatch):
  """A model whose 5 coordinates of a photograph are kept."""
  save_tiny_frozen(tmp_path / "frozen", monkeypatch, tmp_path / "weights")
  return model_folder.read(tmp_path / "frozen")


@pytest.fixture
def photos(tmp_path):
  """A folder of 20 photographs 00.jpg .. 19.jpg, each of other colours."""
  folder = tmp_path / "photos"
  folder.mkdir()
  random = np.random.default_rng(0)
  for i in range(20):
    save_photo(folder / f"{i:02d}.jpg", random)
  return folder


def save_photo(path, random, size=(48, 36), **options):
  colours = random.integers(0, 256, (3, 4, 3), np.uint8)
  Image.fromarray(colours).resize(size).save(path, **options)
  return path
