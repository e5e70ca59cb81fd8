"""What a run left on disk becomes arrays: each rating beside its photograph's own features."""

import numpy as np
import polars as pl
import pytest

from paiaa_jax.errors import UserError
from studies.baselines import read
from tests.studies.baselines import planted


@pytest.fixture
def run(tmp_path):
  """(workdir, prepared folder, what was written)."""
  return planted.write(tmp_path)


def test_ratings_find_the_features_and_scores_of_their_own_photograph(run):
  workdir, prepared, written = run
  inputs = read.read(workdir, prepared)
  users, scaling = inputs.rated.users, read.fit_scaling(written.train.features)
  for u, user in enumerate(users.user_ids):
    for i in np.flatnonzero(users.valid[u]):
      row = users.row[u, i]
      image = users.image_ids[row]
      expected = written.test.names.index(image)
      np.testing.assert_allclose(
        inputs.features[row], scaling(written.test.features[expected]), rtol=1e-5
      )
      assert users.images.generic[row] == written.test.generic[expected]
      is_pair = (pl.col("user") == user) & (pl.col("path") == image)
      assert written.ratings.filter(is_pair)["score"].item() == pytest.approx(users.ratings[u, i])


def test_the_others_are_the_training_users_on_the_training_photographs(run):
  workdir, prepared, written = run
  others = read.read(workdir, prepared).others
  train = written.ratings.filter(pl.col("split") == "train").sort("user", "path")
  user, place = np.nonzero(others.valid)
  np.testing.assert_allclose(others.ratings[user, place], train["score"].to_numpy(), rtol=1e-6)
  assert others.user_ids[user].tolist() == train["user"].to_list()
  assert others.image_ids[others.row[user, place]].tolist() == train["path"].to_list()


def test_columns_are_scaled_by_the_training_photographs(run):
  workdir, prepared, written = run
  inputs = read.read(workdir, prepared)
  scaled = read.fit_scaling(written.train.features)(written.train.features)
  np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-6)
  np.testing.assert_allclose(np.square(scaled).sum(axis=1).mean(), 1, rtol=1e-5)
  for rows in (inputs.others.images.coordinates, inputs.others.images.outputs):
    np.testing.assert_allclose(np.square(rows).sum(axis=1).mean(), 1, rtol=1e-4)
  # all components of few features are a rotation: no distance changes but by one factor
  coordinates = inputs.rated.users.images.coordinates
  distances = [np.linalg.norm(x[0] - x[1:], axis=1) for x in (inputs.features, coordinates)]
  np.testing.assert_allclose(*distances, rtol=1e-3)


def test_a_column_without_variance_tells_nothing():
  rows = np.array([[1.0, 5.0], [2.0, 5.0]], np.float32)
  scaled = read.fit_scaling(rows)(np.array([[3.0, 9.0]], np.float32))
  np.testing.assert_allclose(scaled, [[3.0, 0.0]])


def test_without_the_training_photographs_there_are_no_others(run):
  workdir, prepared, _ = run
  whole = read.read(workdir, prepared).digest
  (workdir / "predictions" / "flickr_aes_train.parquet").unlink()
  inputs = read.read(workdir, prepared)
  assert inputs.others is None and inputs.digest != whole
  np.testing.assert_allclose(np.square(inputs.features).sum(axis=1).mean(), 1, rtol=1e-4)


def test_missing_or_foreign_features_are_told_with_the_command_that_mends_it(run):
  workdir, prepared, written = run
  file = workdir / "predictions" / "flickr_aes_test_features.npy"
  np.save(file, written.test.features[1:])
  with pytest.raises(UserError, match="39 rows for 40 images"):
    read.read(workdir, prepared)
  file.unlink()
  with pytest.raises(UserError, match=r"launch\.evaluate.*--split=test --features"):
    read.read(workdir, prepared)
