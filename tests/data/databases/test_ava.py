import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paiaa_jax.data.databases import ava
from paiaa_jax.errors import UserError

HEADER = "image_id," + ",".join(f"score{n}" for n in range(2, 12)) + ",tag1,tag2,tag3\n"


def split_of(database):
  return dict(database.images.iter_rows())


def test_the_three_shapes_of_the_labels_are_one_table(make):
  folder = make("ava")
  labels = ava.read_labels(folder / "AVA.txt")
  assert labels.row(0) == (101, [1, 1, 2, 3, 4, 5, 4, 3, 2, 1])
  rows = labels.rows()
  lines = [f"{image},{','.join(f'{c:.0f}' for c in counts)},0,0,0" for image, counts in rows]
  (folder / "AVA.csv").write_text(HEADER + "\n".join(lines))
  entries = [{"image_id": str(image), "label": counts} for image, counts in rows]
  (folder / "AVA.json").write_text(json.dumps(entries))
  assert ava.read_labels(folder / "AVA.csv").equals(labels)
  assert ava.read_labels(folder / "AVA.json").equals(labels)


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 900), min_size=10, max_size=10).filter(any), min_size=1))
def test_what_is_written_is_read(tmp_path_factory, counts):
  path = tmp_path_factory.getbasetemp() / "AVA.txt"
  rows = [f"{i} {i * 7} {' '.join(map(str, row))} 0 0 0\n" for i, row in enumerate(counts, 1)]
  path.write_text("".join(rows))
  labels = ava.read_labels(path)
  assert labels["image_id"].to_list() == [7 * i for i in range(1, len(counts) + 1)]
  np.testing.assert_array_equal(labels["counts"].to_list(), counts)


@pytest.mark.parametrize(
  ("new", "message"),
  [
    ("2 102 0 0 0 0 0 0 0 0 0 0 0 0 7", "line 2: the counts sum to zero"),
    ("2 102 2 1 -2 3 4 5 4 3 2 1 0 0 7", "line 2: column 'score4' holds -2, below 0"),
    ("2 102 2 1 x 3 4 5 4 3 2 1 0 0 7", "line 2: column 'score4' holds 'x', not a number"),
    ("2 102 2 1 nan 3 4 5 4 3 2 1 0 0 7", "line 2: column 'score4' holds 'nan', not a number"),
    ("2 102 9e307 9e307 9e307 9 4 5 4 3 2 1 0 0 7", "line 2: the counts sum to infinity"),
    ("2 101 2 1 2 3 4 5 4 3 2 1 0 0 7", "line 2: image '101' stands on line 1 already"),
    ("2 photo 2 1 2 3 4 5 4 3 2 1 0 0 7", "line 2: 'photo' is no image id"),
    ("2 102 2 1 2 3 4 5 4 3 2 1 0 0", "line 2: 14 columns where 15 are expected"),
  ],
)
def test_a_bad_row_is_named(make, edit, new, message):
  path = make("ava") / "AVA.txt"
  edit(path, "\n2 102 2 1 2 3 4 5 4 3 2 1 0 0 7\n", f"\n{new}\n")
  with pytest.raises(UserError, match=message):
    ava.read_labels(path)


def test_ilgnets_lists_go_first_and_their_labels_are_checked(make, edit):
  folder = make("ava")
  (folder / "train.txt").write_text("103.jpg 1\n104.jpg 1")
  (folder / "val.txt").write_text("101.jpg 1\n102.jpg 1")
  (folder / "generic_test.jpgl").write_text("105\n")
  database = ava.load(folder, validation=0.0)
  assert split_of(database) == {
    "101.jpg": "test", "102.jpg": "test", "103.jpg": "train", "104.jpg": "train",
  }  # fmt: skip
  assert "36 images with labels are in neither list and left out" in database.notes
  edit(folder / "val.txt", "102.jpg 1", "102.jpg 0")
  with pytest.raises(UserError, match=r"val.txt, line 2: image 102 is labelled 0.0, but its mean"):
    ava.load(folder)


def test_a_mean_of_exactly_five_is_low(make):
  folder = make("ava")
  (folder / "AVA.txt").write_text("1 7 0 0 0 1 0 1 0 0 0 0 0 0 0\n2 8 0 0 0 0 0 1 0 0 0 0 0 0 0\n")
  (folder / "val.txt").write_text("7.jpg 0\n")
  assert split_of(ava.load(folder)) == {"7.jpg": "test", "8.jpg": "train"}


def test_the_official_list_alone_leaves_the_rest_for_training(make):
  folder = make("ava")
  (folder / "generic_test.jpgl").write_text("101\n140\n")
  splits = split_of(ava.load(folder, validation=0.0))
  assert [image for image, split in splits.items() if split == "test"] == ["101.jpg", "140.jpg"]
  assert list(splits.values()).count("train") == 38


def test_a_list_that_names_an_unknown_image_is_refused_or_cut(make):
  folder = make("ava")
  (folder / "val.txt").write_text("101.jpg 1\n999.jpg 1\n998.jpg 0\n")
  with pytest.raises(UserError, match=r"val.txt, line 2: image 999 has no labels.*and 1 more"):
    ava.load(folder)
  database = ava.load(folder, unknown="drop")
  assert "2 images of val.txt have no labels and are left out" in database.notes
  assert split_of(database)["101.jpg"] == "test"


@pytest.mark.parametrize(
  ("train", "val", "message"),
  [
    ("101.jpg 1\n", "102.jpg 1\n101.jpg 1\n", "train.txt, line 1: image 101 stands in val.txt too"),
    ("103\n103\n", "101\n", "train.txt, line 2: image '103' stands on line 1 already"),
    ("103\n", "101.jpg 2\n", "val.txt, line 1: column 'high' holds 2, outside 0..1"),
    ("103\n", "../101.jpg\n", "val.txt, line 1: '../101' is no image id"),
    ("103\n", "101 1 1\n", "val.txt: 3 columns"),
  ],
)
def test_bad_lists_are_named(make, train, val, message):
  folder = make("ava")
  (folder / "train.txt").write_text(train)
  (folder / "val.txt").write_text(val)
  with pytest.raises(UserError, match=message):
    ava.load(folder)


def test_the_two_test_sizes_are_told_apart(tmp_path):
  rows = [f"{i} {i} 1 0 0 0 0 0 0 0 0 0 0 0 0" for i in range(1, 20_002)]
  (tmp_path / "AVA.txt").write_text("\n".join(rows))
  for size, said in ((20_000, "ILGnet"), (19_930, "some peers")):
    (tmp_path / "val.txt").write_text("\n".join(str(i) for i in range(1, size + 1)))
    (note,) = ava.load(tmp_path).notes
    assert f"{size} test images" in note
    assert said in note


@pytest.mark.parametrize(
  ("text", "message"),
  [
    ('[{"image_id": "1", "label": [1, 2]}]', "AVA.json, entry 1: label has not ten counts"),
    ('[{"image_id": "1"}]', "AVA.json: not a list of .*KeyError"),
    ('{"image_id": "1"}', "AVA.json: not a list of"),
    ('[{"image_id": "\\ud800", "label": [1, 2]}]', "AVA.json: not a list of"),
    ("[" * 100_000, "AVA.json: not a list of"),
  ],
)
def test_bad_json_is_one_line(tmp_path, text, message):
  path = tmp_path / "AVA.json"
  path.write_text(text)
  with pytest.raises(UserError, match=message):
    ava.read_labels(path)


def test_unknown_splits_list_the_known(make):
  with pytest.raises(UserError, match="one of auto, ilgnet, official, seeded"):
    ava.load(make("ava"), split="mine")
  with pytest.raises(UserError, match=r"val\.txt"):
    ava.load(make("ava"), split="ilgnet")
