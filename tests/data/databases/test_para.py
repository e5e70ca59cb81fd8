import numpy as np
import pytest

from paiaa_jax.data.databases import para
from paiaa_jax.errors import UserError
from paiaa_jax.types import TRAITS


def test_an_images_traits_are_the_mean_of_those_who_like_it(make):
  folder = make("para")
  database = para.load(folder)
  people = para.read_people(folder / "annotation/PARA-UserInfo.csv")
  people = dict(people.select("user", "openness").iter_rows())
  scores = {}
  for user, image, score, _ in database.ratings.iter_rows():
    scores.setdefault(user, {})[image] = score
  expected = {}
  for image in database.images["path"]:
    fans = [user for user, own in scores.items() if own[image] > np.mean(list(own.values()))]
    if len(fans) >= 3:
      expected[image] = np.mean([people[user] for user in fans])
  found = dict(database.traits.select("path", "openness").iter_rows())
  assert found.keys() == expected.keys()
  assert found
  np.testing.assert_allclose([found[i] for i in expected], list(expected.values()))


def test_the_questionnaires_ends_become_minus_one_and_one(make):
  people = para.read_people(make("para") / "annotation/PARA-UserInfo.csv")
  assert people.columns == ["user", *TRAITS]
  row = people.row(0, named=True)
  assert (row["extraversion"], row["agreeableness"], row["neuroticism"]) == (-1.0, 1.0, -1.0)
  assert row["openness"] == pytest.approx((5 - 5.5) / 4.5)


def test_a_fold_keeps_its_people_out_of_distributions_and_traits(make):
  folder = make("para")
  whole, fold = para.load(folder), para.load(folder, fold=1)
  assert set(fold.ratings.filter(split="test")["user"]) == {"A0", "A7"}
  assert set(whole.distributions["counts"].list.sum()) == {8.0}
  assert set(fold.distributions["counts"].list.sum()) == {6.0}
  assert not fold.traits.equals(whole.traits)


def test_half_steps_have_buckets_of_their_own(make):
  database = para.load(make("para"))
  for image, counts in database.distributions.iter_rows():
    scores = database.ratings.filter(path=image)["score"].to_list()
    assert counts == [scores.count(score) for score in database.scale]


def test_the_generic_list_is_for_testing_and_the_other_for_validation(make):
  folder = make("para")
  (folder / "validation_images.txt").write_text("p4.jpg\np5.jpg")
  splits = dict(para.load(folder).images.iter_rows())
  assert {image for image, split in splits.items() if split == "test"} == {
    "s0/p0.jpg", "s1/p1.jpg", "s0/p2.jpg", "s1/p3.jpg",
  }  # fmt: skip
  assert {image for image, split in splits.items() if split == "validation"} == {
    "s0/p4.jpg", "s1/p5.jpg",
  }  # fmt: skip
  (folder / "validation_images.txt").write_text("p4.jpg\np0.jpg")
  with pytest.raises(UserError, match=r"validation_images.txt, line 2: image 'p0.jpg' is none"):
    para.load(folder)


@pytest.mark.parametrize(
  ("file", "old", "new", "message"),
  [
    ("Images", "s0,p0.jpg,A0,1.0,3", "s0,p0.jpg,A0,6,3", "line 2: column 'aestheticScore' holds 6"),
    ("Images", "s0,p0.jpg,A0,1.0,3", "..,p0.jpg,A0,1,3", "line 2: image '../p0.jpg' would lie"),
    ("Images", "s0,p0.jpg,A0,1.0,3", "s0,p2.jpg,A0,2,3", "line 4: user 'A0' gives image"),
    ("Images", "imageName", "image", "no column 'imageName'"),
    ("UserInfo", "A1,30,2", "A1,30,11", "line 3: column 'personality-E' holds 11, outside 1..10"),
    ("UserInfo", "A1,30", "A0,30", "line 3: user 'A0' stands on line 2 already"),
    ("UserInfo", "personality-O", "O'", "no column for openness"),
    ("GiaaTest", "s0,p2.jpg", "s0,p99.jpg", "line 4: image 's0/p99.jpg' has no ratings"),
  ],
)
def test_bad_input_is_named(make, edit, file, old, new, message):
  folder = make("para")
  edit(folder / f"annotation/PARA-{file}.csv", old, new)
  with pytest.raises(UserError, match=message):
    para.load(folder)


def test_a_fold_that_is_not_there_is_named(make):
  folder = make("para")
  with pytest.raises(UserError, match="TestUserIDs_Fold2"):
    para.load(folder, fold=2)
  with pytest.raises(UserError, match="from 1 to 4"):
    para.load(folder, fold=5)
  (folder / "userset/TestUserIDs_Fold1.txt").write_text("A0\nZ9\n")
  with pytest.raises(UserError, match=r"Fold1.txt, line 2: user 'Z9' has rated nothing"):
    para.load(folder, fold=1)
