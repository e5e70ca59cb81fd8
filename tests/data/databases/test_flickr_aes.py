import hashlib

import pytest

from paiaa_jax.data.databases import flickr_aes
from paiaa_jax.errors import UserError

CSV = "FLICKR-AES_image_labeled_by_each_worker.csv"


def test_test_images_are_those_that_a_test_worker_rated(make):
  database = flickr_aes.load(make("flickr_aes"), validation=0.0)
  rated = set(database.ratings.filter(user="w2")["path"])
  assert set(database.images.filter(split="test")["path"]) == rated
  assert dict(database.ratings.select("user", "split").iter_rows()) == {
    f"w{w}": "test" if w == 2 else "train" for w in range(6)
  }


def test_training_images_have_no_rating_of_a_test_worker(make):
  database = flickr_aes.load(make("flickr_aes"))
  train = set(database.images.filter(split="train")["path"])
  assert train
  assert not train & set(database.ratings.filter(split="test")["path"])


def test_counts_are_those_of_the_ratings(make):
  database = flickr_aes.load(make("flickr_aes"))
  for image, counts in database.distributions.iter_rows():
    scores = database.ratings.filter(path=image)["score"].to_list()
    assert counts == [scores.count(score) for score in (1, 2, 3, 4, 5)]


def test_a_file_a_worker_is_read_alike(make):
  folder = make("flickr_aes")
  whole = flickr_aes.load(folder).ratings.sort("user", "path")
  (folder / CSV).unlink()
  (folder / "workers").mkdir()
  for (user,), rows in whole.group_by("user"):
    lines = [f"{image},{score:.0f}" for image, score in rows.select("path", "score").iter_rows()]
    (folder / "workers" / f"{user}.csv").write_text("image,score\n" + "\n".join(lines))
  assert flickr_aes.load(folder).ratings.sort("user", "path").equals(whole)


def test_the_packaged_hashes_are_thirty_seven():
  assert len(flickr_aes.read_hashes(flickr_aes.PACKAGED_HASHES)) == 37


def test_without_a_file_of_its_own_the_packaged_hashes_decide(make):
  folder = make("flickr_aes")
  (folder / "test_workers.sha256").unlink()
  with pytest.raises(UserError, match=r"none of the 37 test workers is among its 6 workers"):
    flickr_aes.load(folder)


def test_a_copy_of_another_size_says_how_many_are_missing(make, monkeypatch, tmp_path):
  folder = make("flickr_aes")
  packaged = tmp_path / "packaged"
  packaged.write_text(hashlib.sha256(b"flickr-aes:w2").hexdigest() + "\n" + "0" * 64)
  (folder / "test_workers.sha256").unlink()
  monkeypatch.setattr(flickr_aes, "PACKAGED_HASHES", packaged)
  notes = flickr_aes.load(folder).notes
  assert "1 of the 2 test workers are in this copy" in notes
  assert "20 train images where 35263 are published (-35243)" in notes
  assert "10 test images where 4737 are published (-4727)" in notes


@pytest.mark.parametrize(
  ("new", "message"),
  [
    ("w0, farm1_0_b.jpg, 6", "line 2: column 'score' holds 6, outside 1..5"),
    ("w0, farm1_0_b.jpg, 2.5", "line 2: the score 2.5 is none of 1, 2, 3, 4, 5"),
    ("w0, farm1_0_b.jpg,", "line 2: column 'score' holds '', not a number"),
    ("w0, ../farm1_0_b.jpg, 2", "line 2: image '../farm1_0_b.jpg' would lie outside"),
    ("w0, , 2", "line 2: the image's name is empty"),
    (" , farm1_0_b.jpg, 2", "line 2: the user is empty"),
    (
      "w0, farm1_3_b.jpg, 5",
      "line 3: user 'w0' gives image 'farm1_3_b.jpg' the score 4.0, but 5.0",
    ),
  ],
)
def test_a_bad_row_is_named(make, edit, new, message):
  folder = make("flickr_aes")
  edit(folder / CSV, "w0, farm1_0_b.jpg, 1\n", f"{new}\n")
  with pytest.raises(UserError, match=message):
    flickr_aes.load(folder)


def test_repeats_are_counted_once_and_conflicts_meet_in_the_middle_if_asked(make):
  folder = make("flickr_aes")
  sound = flickr_aes.load(folder)
  with (folder / CSV).open("a") as file:
    file.write("\nw0, farm1_0_b.jpg, 1")
  repeated = flickr_aes.load(folder)
  assert repeated.ratings.equals(sound.ratings)
  assert repeated.notes == ("1 repeated ratings are counted once",)
  with (folder / CSV).open("a") as file:
    file.write("\nw0, farm1_0_b.jpg, 4")
  mean = flickr_aes.load(folder, repeats="mean")
  assert mean.ratings.filter(user="w0", path="farm1_0_b.jpg")["score"].item() == 2.0
  with pytest.raises(UserError, match="one of refuse, mean"):
    flickr_aes.load(folder, repeats="last")


def test_a_broken_list_of_hashes_is_named(make):
  folder = make("flickr_aes")
  (folder / "test_workers.sha256").write_text("0" * 64 + "\nw2\n")
  with pytest.raises(UserError, match=r"test_workers.sha256, line 2: 'w2' is no sha256"):
    flickr_aes.load(folder)
