"""Fixtures of the databases' tests, and what every loaded database must satisfy."""

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from paiaa_jax.data.databases.database import SPLITS
from tests.data.databases.tiny import MAKERS


@pytest.fixture(scope="session")
def real_labels():
  """The folder of real label files that PAIAA_LABELS names."""
  folder = os.environ.get("PAIAA_LABELS")
  if not folder or not Path(folder).is_dir():
    pytest.skip("PAIAA_LABELS names no folder with the distributors' label files")
  return Path(folder)


@pytest.fixture
def make(tmp_path):
  """make(name) -> a folder of that database's make."""

  def made(name: str) -> Path:
    MAKERS[name](tmp_path)
    return tmp_path

  return made


@pytest.fixture
def edit():
  """edit(path, old, new) rewrites one place of a text file."""

  def edited(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))

  return edited


@pytest.fixture(scope="session")
def assert_sound():
  """assert_sound(database) holds a database to the contract of the type."""

  def sound(database):
    images = database.images
    assert images["path"].n_unique() == images.height > 0
    assert set(images["split"]) <= set(SPLITS)
    known = set(images["path"])
    for frame in (database.distributions, database.ratings, database.traits):
      assert set(frame["path"]) <= known
      assert sum(frame.null_count().row(0)) == 0
    counts = database.distributions["counts"]
    assert database.distributions["path"].n_unique() == counts.len()
    assert counts.dtype == pl.List(pl.Float64)
    assert set(counts.list.len()) <= {len(database.scale)}
    assert all(total > 0 for total in counts.list.sum())
    assert all(least >= 0 for least in counts.list.min())
    assert list(database.scale) == sorted(set(database.scale))
    aux = database.traits.select(database.aux_names).to_numpy()
    assert np.all(np.abs(aux) <= 1)
    assert database.ratings.columns == ["user", "path", "score", "split"]
    by_user = database.ratings.group_by("user").agg(pl.col("split").n_unique())
    assert set(by_user["split"]) <= {1}

  return sound
