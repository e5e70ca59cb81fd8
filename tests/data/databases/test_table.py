import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paiaa_jax.data.databases import table, table_file
from paiaa_jax.errors import UserError
from paiaa_jax.types import TRAITS


@pytest.fixture
def load(tmp_path):
  """load(text, name, **options) -> the Database of a file with that text."""

  def loaded(text, name="mine.csv", **options):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return table.load(path, **options)

  return loaded


def test_counts_are_kept_in_every_format(load, tmp_path):
  rows = [{"path": "é 1.jpg", "counts": [1, 0, 3]}, {"path": "b/2.png", "counts": [2, 2, 0]}]
  lines = ["image,p1,p2,p3"] + [",".join(map(str, [r["path"], *r["counts"]])) for r in rows]
  databases = [
    load("\n".join(lines)),
    load("\n".join(lines).replace(",", "\t"), "mine.tsv"),
    load("\n".join(json.dumps(row) for row in rows), "mine.jsonl"),
  ]
  pl.DataFrame(rows).write_parquet(tmp_path / "mine.parquet")
  databases.append(table.load(tmp_path / "mine.parquet"))
  for database in databases:
    assert database.distributions.rows() == [(row["path"], row["counts"]) for row in rows]
    assert database.scale == (1.0, 2.0, 3.0)


@pytest.mark.parametrize("key", ["path", "Path", "image", "imageName", "image_id", "filename"])
def test_images_stand_under_any_usual_name_and_path_goes_first(key):
  rows = pl.DataFrame({"score": [1.0], key: ["a.jpg"], "file": ["b.jpg"]})
  for frame in (rows, rows.lazy()):
    read = table_file.key_by_path(frame).lazy().collect()
    assert read.columns == ["score", "path", "file"] and read["path"].to_list() == ["a.jpg"]


@settings(deadline=None)
@given(st.lists(st.floats(1, 10), min_size=1, max_size=9))
def test_a_mean_score_becomes_a_distribution_with_that_mean(tmp_path_factory, scores):
  path = tmp_path_factory.getbasetemp() / "mean.csv"
  path.write_text("image,score\n" + "\n".join(f"{i}.jpg,{s!r}" for i, s in enumerate(scores)))
  database = table.load(path, low=1, high=10)
  counts = np.array(database.distributions["counts"].to_list())
  np.testing.assert_allclose(counts.sum(axis=1), 1)
  np.testing.assert_allclose(counts @ np.array(database.scale), scores)


def test_ratings_by_user_are_counted(load):
  rows = ["worker,image,score", "u,a.jpg,5", "v,a.jpg,3", "u,b.jpg,1"]
  database = load("\n".join(rows), test_users=1)
  assert database.ratings.select("user", "path", "score").rows() == [
    ("u", "a.jpg", 5.0), ("v", "a.jpg", 3.0), ("u", "b.jpg", 1.0),
  ]  # fmt: skip
  assert database.distributions.rows() == [("a.jpg", [0, 0, 1, 0, 1]), ("b.jpg", [1, 0, 0, 0, 0])]
  assert sorted(database.ratings.select("user", "split").unique()["split"]) == ["test", "train"]
  with pytest.raises(UserError, match="test_users=2 of 2 users"):
    load("\n".join(rows), test_users=2)


@pytest.mark.parametrize(
  ("scores", "scale"),
  [
    ("1 4.5", (1, 2, 3, 4, 5)),
    ("1 6", (1, 2, 3, 4, 5, 6, 7)),
    ("2 9.5", tuple(range(1, 11))),
    ("0 0.5", (0, 0.25, 0.5, 0.75, 1)),
    ("0 7", tuple(range(11))),
    ("3 99", tuple(range(0, 101, 10))),
  ],
)
def test_the_scale_is_the_first_usual_one_that_holds_all_scores(load, scores, scale):
  low, high = scores.split()
  database = load(f"image,score\na.jpg,{low}\nb.jpg,{high}\n")
  assert database.scale == scale
  assert "are taken to be" in database.notes[0]


def test_a_scale_that_is_given_is_kept_to(load):
  text = "image,score\na.jpg,1\nb.jpg,4.5\n"
  assert load(text, low=1, high=5, buckets=9).scale == tuple(np.arange(1, 5.5, 0.5))
  assert load(text, low=0, high=5).notes == ()
  with pytest.raises(UserError, match=r"line 3: column 'score' holds 4.5, outside 1..4"):
    load(text, low=1, high=4)
  with pytest.raises(UserError, match=r"scores from -3 to 4.5; say their low= and high="):
    load(text.replace("1\n", "-3\n"))


def test_traits_are_read_alone_with_counts_or_by_user(load):
  alone = load("image,O,C,E,A,N\na.jpg,1,2,3,4,5\n", trait_low=1, trait_high=5)
  assert alone.traits.row(0) == ("a.jpg", -1.0, -0.5, 0.0, 0.5, 1.0)
  assert (alone.distributions.height, alone.scale) == (0, ())
  both = load(f"image,{','.join(TRAITS)},p1,p2\na.jpg,1,0,0,0,0,3,4\n")
  assert both.traits.row(0) == ("a.jpg", 1.0, 0.0, 0.0, 0.0, 0.0)
  assert both.distributions.row(0) == ("a.jpg", [3.0, 4.0])
  by_user = load("user,image,O,C,E,A,N\nu,a.jpg,1,0,0,0,0\n")
  assert by_user.traits.columns == ["user", "path", *TRAITS]


def test_a_column_split_divides_the_images(load):
  rows = ["image,split,score", "a.jpg,train,1", "b.jpg,val,2", "c.jpg,Test,3", "d.jpg,train,4"]
  database = load("\n".join(rows))
  assert database.images["split"].to_list() == ["train", "validation", "test", "train"]


def test_peers_tables_are_read(load):
  eva = load("user_id=image_id=score\nu=7=8\n", "eva.csv", suffix=".jpg", low=0, high=10)
  assert eva.ratings.row(0) == ("u", "7.jpg", 8.0, "train")
  tad = load("image,score\na.jpg,3.25\nb.jpg,9.0\n", low=1, high=10)
  assert tad.distributions.row(0) == ("a.jpg", [0, 0, 0.75, 0.25, 0, 0, 0, 0, 0, 0])


def test_the_images_lie_beside_the_table_in_images_or_where_one_says(load, tmp_path):
  text = "image,score\na.jpg,3\n"
  assert load(text).image_root == tmp_path
  (tmp_path / "images").mkdir()
  assert load(text).image_root == tmp_path / "images"
  assert str(load(text, images="/elsewhere").image_root) == "/elsewhere"


@pytest.mark.parametrize(
  ("text", "message"),
  [
    ("image,p1,p2\na,1,2\nb,0,0\n", "mine.csv, line 3: the counts sum to zero"),
    ("image,p1,p2\na,1,2\nb,-1,3\n", "line 3: column 'p1' holds -1, below 0"),
    ("image,p1,p3\na,1,2\n", "the counts are not p1, p2, ..., pN without a gap"),
    ("image,score\na,1\na,2\n", "line 3: image 'a' stands on line 2 already"),
    ("image,score\na,inf\n", "line 2: column 'score' holds 'inf', not a number"),
    ("image,score\n../a,1\n", "line 2: image '../a' would lie outside the image folder"),
    ("image,score\nb/../../a,1\n", "line 2: image 'b/../../a' would lie outside"),
    ("image,score\n..\\a,1\n", "line 2: image '../a' would lie outside the image folder"),
    ("image,score\nC:\\a,1\n", "line 2: image 'C:/a' would lie outside the image folder"),
    ("image,score\n/etc/passwd,1\na.jpg,2\n", "line 2: image '/etc/passwd' would lie outside"),
    ("image,score\na\x07,1\n", "line 2: image 'a\\?' holds a control character"),
    ("user,image,score\nu,a,1\nu,a,2\n", "line 3: user 'u' gives image 'a' the score 2.0, but 1.0"),
    ("user,image,score,O,C,E,A,N\nu,a,1,0,0,0,0,0\n", "scores by user and traits need a table"),
    ("image,O,C,E,A\na,0,0,0,0\n", "no column for neuroticism"),
    ("image,O,C,E,A,N\na,2,0,0,0,0\n", "line 2: column 'O' holds 2, outside -1..1"),
    ("image,score,split\na,1,half\n", "line 2: split 'half' is none of train"),
    ("user,image,score,split\nu,a,1,train\nv,a,1,test\n", "line 3: image 'a' stands in another"),
    ("image,width\na,1\n", "neither score, nor p1..pN, nor O, C, E, A, N"),
    ("photo,score\na,1\n", "no column 'path'; it has 'photo', 'score'"),
  ],
)
def test_bad_input_is_one_line_with_file_and_line(load, text, message):
  with pytest.raises(UserError, match=message):
    load(text)


@pytest.mark.parametrize(
  ("text", "message"),
  [
    ('{"path": "a", "score": 1}\n[1]\n', "line 2: no JSON object"),
    ('{"path": "a", "score": 1}\n\n{"path": \n', "line 3: no JSON object"),
    ('{"path": "\\ud800", "score": 1}\n', "line 1: no JSON object"),
    ('{"path": "a", "counts": 3}\n', "line 1: counts is no list"),
    ('{"path": "a", "counts": [1, 2]}\n{"path": "b", "counts": [1]}\n', "line 2: column 'p2'"),
    ("[" * 100_000, "line 1: no JSON object"),
  ],
)
def test_bad_json_is_one_line_with_its_number(load, text, message):
  with pytest.raises(UserError, match=message):
    load(text, "mine.jsonl")


def test_a_folder_with_two_tables_asks_which(tmp_path):
  for name in ("a.csv", "b.csv"):
    (tmp_path / name).write_text("image,score\na,1\n")
  with pytest.raises(UserError, match="holds 2 tables; name one of them"):
    table.load(tmp_path)
  with pytest.raises(UserError, match=r"a table is one of .csv"):
    table.load(tmp_path / "a.xlsx")


def test_absolute_paths_are_read_from_the_folder_that_they_share(tmp_path):
  names = ["a/1.jpg", "a/2.jpg", "b/c/3.jpg"]
  file = tmp_path / "scores.csv"
  rows = [f"{tmp_path / 'photos' / name},{i}" for i, name in enumerate(names, start=1)]
  file.write_text("\n".join(["path,score", *rows]) + "\n")
  database = table.load(file, test=0.0, validation=0.0)
  assert database.image_root == tmp_path / "photos"
  assert sorted(database.images["path"]) == names
  under = table.load(file, images=str(tmp_path), test=0.0, validation=0.0)
  assert sorted(under.images["path"]) == [f"photos/{name}" for name in names]
  with pytest.raises(UserError, match="outside the image folder"):
    table.load(file, images=str(tmp_path / "photos" / "a"))
  file.write_text(f"path,score\n{tmp_path}/1.jpg,1\n2.jpg,2\n")
  with pytest.raises(UserError, match="outside the image folder"):
    table.load(file)
