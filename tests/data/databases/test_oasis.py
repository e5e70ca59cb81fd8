import numpy as np
import pytest
import scipy.io

from paiaa_jax.data.databases import oasis
from paiaa_jax.errors import UserError


def load(folder, **options):
  return oasis.load(folder, people=3, **options)


def test_ratings_are_the_matrix(make):
  folder = make("oasis")
  scores = scipy.io.loadmat(folder / "corrData.mat")["corrData"]
  ratings = load(folder).ratings
  assert ratings.height == np.isfinite(scores).sum()
  for user, image, score, _ in ratings.iter_rows():
    photograph = int(image.removeprefix("Dog ").removesuffix(".jpg"))
    assert scores[int(user.removeprefix("rater")) - 1, photograph] == score


def test_only_the_crowd_is_counted(make):
  database = load(make("oasis"))
  crowd = database.ratings.filter(split="train")
  assert database.ratings.filter(split="test")["user"].n_unique() == 3
  for image, counts in database.distributions.iter_rows():
    scores = crowd.filter(path=image)["score"].to_list()
    assert counts == [scores.count(score) for score in range(1, 8)]


def test_norms_are_the_auxiliary_outputs(make):
  database = load(make("oasis"))
  assert database.aux_names == ("valence", "arousal", "animal", "object", "person", "scenery")
  row = database.traits.filter(path="Dog 5.jpg").row(0)
  assert row == ("Dog 5.jpg", pytest.approx(-2 / 3), 0.0, -1.0, 1.0, -1.0, -1.0)


def test_folds_part_the_photographs_and_blocks_the_people(make):
  folder = make("oasis")
  tested = [set(load(folder, fold=f).images.filter(split="test")["path"]) for f in range(5)]
  assert [len(images) for images in tested] == [4] * 5
  assert len(set.union(*tested)) == 20
  blocks = [set(load(folder, rater_fold=b).ratings.filter(split="test")["user"]) for b in range(4)]
  assert [len(users) for users in blocks] == [3] * 4
  assert len(set.union(*blocks)) == 12
  for options in ({"fold": 5}, {"fold": -1}, {"rater_fold": 4}):
    with pytest.raises(UserError, match=r"fold 5|fold -1|block 4"):
      load(folder, **options)


def test_files_are_found_without_blanks_and_case(make):
  folder = make("oasis")
  (folder / "images").mkdir()
  for name in ("dog 3.JPG", "Dog4.jpg", "dog5.png"):
    (folder / "images" / name).touch()
  names = load(folder).images["path"].to_list()
  assert names[3:7] == ["dog 3.JPG", "Dog4.jpg", "dog5.png", "Dog 6.jpg"]


def test_photographs_without_ratings_are_left_out_and_noted(make):
  folder = make("oasis")
  scores = scipy.io.loadmat(folder / "corrData.mat")["corrData"]
  scores[:, 4] = np.nan
  scipy.io.savemat(folder / "corrData.mat", {"corrData": scores})
  database = load(folder)
  assert "Dog 4.jpg" not in database.images["path"].to_list()
  assert database.notes == ("1 photographs have no ratings and are left out",)


@pytest.mark.parametrize(
  ("scores", "message"),
  [
    (np.full((3, 20), 8.0), "corrData.mat, row 1: the score 8.0 of 'Dog 0.jpg' is outside 1..7"),
    (np.full((3, 20), np.nan), "holds no rating"),
    (np.ones((3, 19)), "corrData is 3x19; its columns must be the 20 rows"),
    (np.array(["a"]), "no MATLAB 5 file with a matrix corrData"),
  ],
)
def test_a_bad_matrix_is_named(make, scores, message):
  folder = make("oasis")
  scipy.io.savemat(folder / "corrData.mat", {"corrData": scores})
  with pytest.raises(UserError, match=message):
    load(folder)


@pytest.mark.parametrize(
  ("old", "new", "message"),
  [
    ("Dog 3,Scenery", "Dog 3,Plant", "line 5: category 'Plant' is none of animal, object"),
    ("Dog 3,", "Dog 2,", "line 5: theme 'Dog 2' stands on line 4 already"),
    ("Dog 3,Scenery,X,1.6", "Dog 3,Scenery,X,9", "line 5: column 'Valence_mean' holds 9, outside"),
    ("Dog 3,", "../Dog 3,", "line 5: image '../Dog 3' would lie outside"),
  ],
)
def test_a_bad_norm_is_named(make, edit, old, new, message):
  folder = make("oasis")
  edit(folder / "OASIS.csv", old, new)
  with pytest.raises(UserError, match=message):
    load(folder)
