"""The distributors' own label files, read where PAIAA_LABELS names a folder that has them.

PAIAA_LABELS=DIR python -m pytest tests/data/databases/test_real_files.py
"""

import shutil
import tarfile

import numpy as np
import polars as pl
import pytest

from paiaa_jax.data.databases import ava, flickr_aes, oasis, para, text_table, vessel
from paiaa_jax.errors import UserError


def test_ava_labels(real_labels):
  labels = ava.read_labels(real_labels / "ava" / "AVA_subset.txt")
  assert labels.height == labels["image_id"].n_unique() == 25_551
  assert labels.row(0) == (231893, [2, 8, 19, 36, 76, 52, 16, 9, 3, 2])
  votes = labels["counts"].list.sum()
  assert (votes.min(), votes.max()) == (81, 520)


def test_ava_lists(real_labels):
  ilgnet = ava.read_list(real_labels / "ava" / "ilgnet_ava1_val.txt")
  assert ilgnet.height == 20_000
  assert ilgnet.select("image_id", "high").row(-1) == (923157, 1)
  assert ilgnet["high"].sum() == 16_000  # so that always saying 'high' scores 80.0 %
  official = ava.read_list(real_labels / "ava" / "generic_test.jpgl")
  assert official.height == 20_000
  assert official["image_id"][0] == 629797
  assert official["high"].is_null().all()


def test_ava_splits_over_the_labels_that_are_there(real_labels, tmp_path, assert_sound):
  source = real_labels / "ava"
  shutil.copy(source / "AVA_subset.txt", tmp_path / "AVA.txt")
  shutil.copy(source / "generic_test.jpgl", tmp_path)
  official = ava.load(tmp_path, unknown="drop")
  assert official.images.filter(split="test").height == 1945
  shutil.copy(source / "ilgnet_ava1_val.txt", tmp_path / "val.txt")
  with pytest.raises(UserError, match=r"val.txt, line 1: image 28456.*and 18088 more"):
    ava.load(tmp_path)
  ilgnet = ava.load(tmp_path, unknown="drop")  # every 0 or 1 is checked against the mean score
  assert ilgnet.images.filter(split="test").height == 1911
  assert_sound(ilgnet)


def test_flickr_aes_hashes_are_the_packaged_ones(real_labels):
  theirs = flickr_aes.read_hashes(real_labels / "flickr_aes" / "test_workers.sha256")
  assert theirs == flickr_aes.read_hashes(flickr_aes.PACKAGED_HASHES)


def test_para_folds_part_the_people(real_labels, tmp_path):
  with tarfile.open(real_labels / "para" / "para_image_user_split.tar.gz") as archive:
    archive.extractall(tmp_path, filter="data")
  folds = [
    text_table.read(tmp_path / "userset" / f"TestUserIDs_Fold{fold}.txt", names=("user",))["user"]
    for fold in range(1, para.FOLDS + 1)
  ]
  assert [len(fold) for fold in folds] == [110, 110, 109, 109]
  assert pl.concat(folds).n_unique() == 438
  listed = text_table.read(tmp_path / "validation_images.txt", names=("path",))
  assert (listed.height, listed["path"][0]) == (2822, "iaa_pub24763_.jpg")


def test_oasis(real_labels, assert_sound):
  database = oasis.load(real_labels / "oasis")
  assert_sound(database)
  assert (database.images.height, database.ratings.height) == (595, 88_151)
  assert database.ratings["user"].n_unique() == 600
  assert database.ratings.filter(split="test")["user"].n_unique() == 37
  assert all((database.image_root / image).is_file() for image in database.images["path"])
  first = database.traits.row(0, named=True)
  assert first["path"] == "Acorns 1.jpg"
  np.testing.assert_allclose(first["valence"], (4.68627451 - 4) / 3)
  spread = database.ratings.group_by("user").agg(pl.col("score").n_unique())
  assert spread.filter(score=1).height == 2  # two people gave one score throughout


def test_vessel(real_labels, assert_sound):
  database = vessel.load(real_labels / "vessel")
  assert_sound(database)
  assert (database.images.height, database.ratings.height) == (266, 11_346)
  for kind, users, photographs, times in (("lsc", 18, 148, 2), ("ari", 17, 118, 3)):
    ratings = vessel.load(real_labels / "vessel", kind=kind).ratings
    assert (ratings["user"].n_unique(), ratings["path"].n_unique()) == (users, photographs)
    assert ratings.height == users * photographs * times
