"""Ratings and predictions as files have them; what is wrong is told in a line."""

import hashlib
import json

import numpy as np
import polars as pl
import pytest

from paiaa_jax.apps import personalize_users
from paiaa_jax.apps.benchmark import read_people, read_scores
from paiaa_jax.data.databases import para
from paiaa_jax.errors import UserError
from tests.apps.benchmark.tiny import SHOTS, SPLITS, held_out, noise, read
from tests.data.databases import tiny as tiny_folders


def test_the_order_of_rows_and_parquet_and_rows_of_shots_change_nothing(place):
  frame = noise(place)
  first = read(place, held_out(frame).sample(fraction=1, shuffle=True, seed=1))[2]
  path = place.folder / "ours.parquet"
  frame.with_columns(pl.col("k").cast(pl.Float64)).write_parquet(path)
  users, splits, _, _ = read(place, frame)
  second = read_scores.arrange(read_scores.read(path), path, users, splits)
  np.testing.assert_array_equal(first.scores, second.scores)
  assert not first.ignored and second.ignored


def test_a_score_does_not_depend_on_an_absent_column(place):
  alike = place.ratings.select("path", "user", score=pl.Series(range(len(place.ratings))))
  whole = held_out(noise(place)).drop("score").join(alike, on=["user", "path"])
  _, _, full, _ = read(place, whole)
  shown = np.isfinite(full.scores)
  for columns in (["path"], ["user", "path"]):
    frame = alike.select(*columns, "score")
    _, splits, some, _ = read(place, frame, asked=SHOTS)
    assert splits.shots == SHOTS and not some.ignored
    np.testing.assert_array_equal(some.scores[shown], full.scores[shown])
  one_k = whole.filter(k=8).drop("k")
  np.testing.assert_array_equal(read(place, one_k, asked=(8,))[2].scores, full.scores[:1])
  assert read(place, alike.drop("user"))[1].shots == (10, 100)


def test_what_is_not_asked_for_is_counted(place):
  frame = held_out(noise(place, shots=(8, 12, 20), num_splits=6))
  strange = frame.head(2).with_columns(path=pl.lit("nobody.jpg"), split=pl.Series([0, 1]))
  frame = pl.concat([frame, strange])
  _, _, mine, _ = read(place, frame, asked=SHOTS)
  beyond, other, stranger = mine.ignored
  of_two = len(frame.filter(pl.col("split") >= SPLITS))
  assert beyond == f"{of_two} rows of splits beyond the first {SPLITS}"
  assert (
    other
    == f"{len(frame.filter((pl.col('split') < SPLITS) & (pl.col('k') == 12)))} rows of other k"
  )
  assert stranger == "2 rows of images not rated"


def test_of_a_database_that_tells_images_apart_a_test_person_has_test_images_alone(tmp_path):
  tiny_folders.para(tmp_path)  # four images are on its test list
  prepared = tmp_path / "prepared"
  whole = para.load(tmp_path, fold=1)
  prepared.mkdir()
  whole.ratings.write_parquet(prepared / "ratings.parquet")
  whole.images.write_parquet(prepared / "index.parquet")
  (prepared / "manifest.json").write_text('{"name": "para"}')
  test = {f"s{i % 2}/p{i}.jpg" for i in range(4)}
  users, name = read_people.read(prepared, "")
  assert name == "para" and users.user_ids.tolist() == ["A0", "A7"]
  assert set(users.image_ids) == test and users.valid.sum() == 8
  kept = personalize_users.read_ratings(prepared, "para")
  assert set(kept.filter(split="test")["path"]) == test
  assert len(kept.filter(split="train")) == 6 * 20  # training users keep all of theirs


def change(row, **cells):
  return lambda frame: frame.with_row_index().with_columns(
    pl.when(pl.col("index") == row).then(pl.lit(value)).otherwise(pl.col(name)).alias(name)
    for name, value in cells.items()
  ).drop("index")  # fmt: skip


WRONG = {
  "a missing row": (
    lambda frame: frame.filter(~((pl.col("user") == "user1") & (pl.col("split") == 2))),
    r"no score of user 'user1', path '1/\d+.jpg', split 2, k = 8; 52 of \d+ are missing",
  ),
  "a row twice": (
    lambda frame: pl.concat([frame, frame[7:8]]),
    r"line \d+: a second score of user 'user0', path '0/\d+.jpg', split '\d', k '8'",
  ),
  "a stranger": (change(3, user="eve"), r"line 5: user 'eve' is none of the test users"),
  "no number": (change(3, score=np.nan), r"line 5: the score of user 'user0', .* is 'NaN'"),
  "infinite": (change(4, score=np.inf), r"line 6: .* is 'inf', no finite number"),
  "half a split": (
    lambda frame: frame.with_columns(split=pl.col("split") + 0.5),
    r"line 2: column 'split' holds '.\.5', no whole number",
  ),
  "too few splits": (
    lambda frame: frame.filter(pl.col("split") < 3),
    "holds 3 splits and 4 are asked for; --splits=3",
  ),
  "no score": (lambda frame: frame.drop("score"), "no column 'score'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_with_its_place(place, name):
  spoil, said = WRONG[name]
  with pytest.raises(UserError, match=said):
    read(place, spoil(held_out(noise(place))))


def test_shots_that_are_not_there_or_not_named_are_refused(place):
  frame = held_out(noise(place))
  with pytest.raises(UserError, match=r"no scores for k = 10; it has k = 8, 20"):
    read(place, frame, asked=(10,))
  with pytest.raises(UserError, match=r"no column 'k'; say of which k"):
    read(place, frame.filter(k=8).drop("k"))
  with pytest.raises(UserError, match="k = 0; at least 1"):
    read(place, frame, asked=(0,))


def test_prepared_and_distributors_folders_give_their_test_users(place):
  folder = place.folder / "prepared"
  folder.mkdir()
  (folder / "manifest.json").write_text(json.dumps({"name": "mine"}))
  half = pl.col("user").is_in(["user0", "user1"])
  split = pl.when(half).then(pl.lit("test")).otherwise(pl.lit("train"))
  place.ratings.with_columns(split=split).write_parquet(folder / "ratings.parquet")
  rated, name = read_people.read(folder, "")
  assert name == "mine" and rated.user_ids.tolist() == ["user0", "user1"]

  raw = place.folder / "raw"
  (raw / "workers").mkdir(parents=True)
  for (user,), own in place.ratings.group_by("user"):
    own.select("score", image="path").write_csv(raw / "workers" / f"{user}.csv")
  digest = hashlib.sha256(b"flickr-aes:user2").hexdigest()
  (raw / "test_workers.sha256").write_text(digest + "\n")
  rated, name = read_people.read(raw, "flickr_aes")
  assert name == "flickr_aes" and rated.user_ids.tolist() == ["user2"]
  with pytest.raises(UserError, match="unknown dataset 'x'; one of ava"):
    read_people.read(raw, "x")
  with pytest.raises(UserError, match="nope is missing"):
    read_people.read(raw / "nope", "")


def test_a_table_that_says_who_is_for_testing_is_taken_at_its_word(place):
  path = place.folder / "ratings.csv"
  twice = pl.concat(
    [place.ratings, place.ratings.head(1).with_columns(score=pl.lit(9.0, pl.Float32))]
  )
  split = pl.when(pl.col("user") == "user0").then(pl.lit("test")).otherwise(pl.lit("train"))
  twice.with_columns(split=split).write_csv(path)
  rated, _ = read_people.read(path, "")
  assert rated.user_ids.tolist() == ["user0"]
  image = place.ratings["path"][0]
  mean = (place.ratings["score"][0] + 9) / 2
  assert rated.ratings[0, rated.image_ids[rated.row[0]] == image] == pytest.approx(mean)
