"""LAPIS, XPASS-Vis and REAL-CUR, on files of their distributors' forms."""

import csv

import polars as pl
import pytest
from PIL import Image

from paiaa_jax.data.databases import lapis, real_cur, xpass_vis
from paiaa_jax.errors import UserError


def rows(path):
  return list(csv.DictReader(path.read_text().splitlines()))


def test_lapis_keeps_each_rating_on_its_own_scale_and_its_published_folds(make):
  folder = make("lapis")
  database = lapis.load(folder, fold=1)
  given = {
    (row["participant_id"].removesuffix(".0"), row["image_filename"].split("/")[1]): row["rating"]
    for row in rows(folder / "annotation/LAPIS_PIAA.csv")
    if row["rating"]
  }
  found = {(user, path): score for user, path, score, _ in database.ratings.iter_rows()}
  assert found == {key: float(score) for key, score in given.items()}
  assert set(database.ratings.filter(split="test")["user"]) == {"3", "8"}
  assert set(database.images.filter(split="test")["path"]) == {"p_0.jpg", "p_7.jpg"}
  assert database.notes == ("1 rows without a person or a rating are left out",)


def test_lapis_distributions_keep_the_training_peoples_mean(make):
  database = lapis.load(make("lapis"), fold=1)
  training = database.ratings.filter(split="train").group_by("path").agg(pl.col("score").mean())
  means = dict(training.iter_rows())
  for path, counts in database.distributions.iter_rows():
    total = sum(count * score for count, score in zip(counts, database.scale, strict=True))
    assert total / sum(counts) == pytest.approx(means[path])
  assert len(means) == database.distributions.height


def test_lapis_takes_the_other_name_of_its_table_and_its_validation_list(make):
  folder = make("lapis")
  first = lapis.load(folder, fold=1)
  path = folder / "annotation/LAPIS_PIAA.csv"
  text = path.read_text().replace("image_filename,rating", "image_filename,response")
  (folder / "annotation" / lapis.FILES[1]).write_text(text)
  path.unlink()
  (folder / "imageset/ValImageSet.txt").write_text("Baroque/p_3.jpg\n")
  again = lapis.load(folder, fold=1)
  assert again.ratings.equals(first.ratings)
  assert again.images.filter(split="validation")["path"].to_list() == ["p_3.jpg"]


def test_xpass_vis_shows_frames_for_films_and_parts_people_and_images(make):
  folder = make("xpass_vis")
  loaded = [xpass_vis.load(folder, fold=fold) for fold in range(5)]
  given = {
    (r["user_id"], r["sample_file"]): float(r["Aesthetic"]) for r in rows(folder / "ratings.csv")
  }
  found = {(user, path): score for user, path, score, _ in loaded[0].ratings.iter_rows()}
  assert found == {(user, name.replace("mp4", "jpg")): s for (user, name), s in given.items()}
  for table, column, count in (("ratings", "user", 10), ("images", "path", 20)):
    tested = [set(getattr(one, table).filter(split="test")[column]) for one in loaded]
    assert sum(map(len, tested)) == len(set.union(*tested)) == count


def test_xpass_vis_that_a_spreadsheet_has_spoilt_is_refused(make, edit):
  folder = make("xpass_vis")
  edit(folder / "ratings.csv", "\n3,4,s_4.jpg,", "\n3,4,#NAME?,")
  with pytest.raises(UserError, match="a spreadsheet has replaced the file's name"):
    xpass_vis.load(folder)


def test_real_cur_is_read_from_a_table_and_from_folders_alike(make, tmp_path):
  table = real_cur.load(make("real_cur"))
  for row in rows(tmp_path / "real_cur.csv"):
    place = tmp_path / "folders/images" / row["worker"] / row["score"]
    place.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (2, 2)).save(place / row["image"].split("/")[1])
  read = real_cur.load(tmp_path / "folders")
  named = read.ratings.with_columns(pl.col("path").str.replace(r"/[1-5]/", "/"))
  assert named.sort("path").equals(table.ratings.sort("path"))
  assert set(table.ratings["split"]) == {"test"}
