import pytest

from paiaa_jax.data.databases import psychoflickr
from paiaa_jax.errors import UserError
from paiaa_jax.types import TRAITS


def test_traits_are_scaled_from_the_questionnaire_to_one(make):
  traits = psychoflickr.load(make("psychoflickr")).traits
  assert traits.columns == ["user", "path", *TRAITS]
  assert traits.row(3) == ("u1", "u1/0.jpg", -0.25, -1.0, 1.0, 0.0, 0.375)


def test_another_range_is_an_option(make):
  folder = make("psychoflickr")
  assert psychoflickr.load(folder, low=-8, high=8).traits["neuroticism"][0] == 1.5 / 8
  with pytest.raises(UserError, match=r"line 2: column 'C' holds -4, outside -2..2"):
    psychoflickr.load(folder, low=-2, high=2)
  with pytest.raises(UserError, match="the lowest is not below the highest"):
    psychoflickr.load(folder, low=2, high=2)


def test_the_two_general_tables_say_the_same(make):
  folder = make("psychoflickr")
  single = psychoflickr.load(folder)
  (folder / "attributed.txt").unlink()
  images = [f"u{u},u{u}/{i}.jpg" for u in range(12) for i in range(3)]
  (folder / "images.csv").write_text("user,image\n" + "\n".join(images))
  people = [f"u{u},{u % 5 - 2},-4,4,0,1.5" for u in range(12)]
  header = "user,openness,conscientiousness,extraversion,agreeableness,neuroticism\n"
  (folder / "traits_attributed.csv").write_text(header + "\n".join(people))
  pair = psychoflickr.load(folder)
  assert pair.traits.equals(single.traits)
  assert pair.images.equals(single.images)
  (folder / "traits_attributed.csv").write_text(header + "\n".join(people[:-1]))
  with pytest.raises(UserError, match=r"images.csv, line 35: user 'u11' has no traits.*2 more"):
    psychoflickr.load(folder)


def test_self_assessed_traits_are_a_table_of_their_own(make):
  folder = make("psychoflickr")
  (folder / "self.txt").write_text("path O C E A N\nu1/0.jpg 4 0 0 0 0\nu2/0.jpg 0 0 0 0 0\n")
  traits = psychoflickr.load(folder, traits="self").traits
  assert traits["openness"].to_list() == [1.0, 0.0]
  with pytest.raises(UserError, match="one of attributed, self"):
    psychoflickr.load(folder, traits="mine")


def test_the_folds_part_the_people(make):
  folder = make("psychoflickr")
  tested = []
  for fold in range(10):
    database = psychoflickr.load(folder, fold=fold, validation=0.2)
    by_user = database.traits.join(database.images, "path").group_by("user").agg(split="split")
    assert all(len(set(splits)) == 1 for splits in by_user["split"])
    people = {user for user, splits in by_user.iter_rows() if splits[0] == "test"}
    assert 1 <= len(people) <= 2
    tested += people
  assert sorted(tested) == sorted(f"u{u}" for u in range(12))
  with pytest.raises(UserError, match="fold 10 of 10"):
    psychoflickr.load(folder, fold=10)


@pytest.mark.parametrize(
  ("new", "message"),
  [
    ("u1/1.jpg -2 -4 4 0 1.5", "line 6: user 'u1' has other traits here"),
    ("u1/0.jpg -1 -4 4 0 1.5", "line 6: image 'u1/0.jpg' stands on line 5 already"),
    ("11.jpg -1 -4 4 0 1.5", "line 6: no folder in front of '11.jpg'"),
    ("u1/../1.jpg -1 -4 4 0 1.5", "line 6: image 'u1/../1.jpg' would lie outside"),
    ("/u1/1.jpg -1 -4 4 0 1.5", "line 6: "),
    ("u1/1.jpg -1 high 4 0 1.5", "line 6: column 'C' holds 'high', not a number"),
  ],
)
def test_a_bad_row_is_named(make, edit, new, message):
  folder = make("psychoflickr")
  edit(folder / "attributed.txt", "\nu1/1.jpg -1 -4 4 0 1.5\n", f"\n{new}\n")
  with pytest.raises(UserError, match=message):
    psychoflickr.load(folder)
