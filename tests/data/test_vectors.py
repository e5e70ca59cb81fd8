"""Files of vectors: every form holds the same, and what is wrong is told in a line."""

import numpy as np
import polars as pl
import pytest

from paiaa_jax.data import vectors
from paiaa_jax.errors import UserError

NAMES = ["b/2.jpg", "a/1.jpg", "ü.png"]
ROWS = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)


def write(folder, form):
  file = folder / ("x.npy" if "npy" in form else "x.parquet")
  if form == "npy with fields":
    array = np.zeros(3, [("path", "U99"), ("vector", "f4", (4,))])
    array["path"], array["vector"] = NAMES, ROWS
    np.save(file, array)
  elif form == "npy beside a list":
    np.save(file, ROWS)
    file.with_suffix(".txt").write_text("\n".join(NAMES) + "\n", encoding="utf-8")
  elif form == "a column of lists":
    pl.DataFrame({"image": NAMES, "vector": ROWS.tolist()}).write_parquet(file)
  else:
    columns = {f"f{i}": ROWS[:, i] for i in range(4)}
    pl.DataFrame({"path": NAMES, **columns}).write_parquet(file)
  return file


FORMS = ["npy with fields", "npy beside a list", "a column of lists", "columns of numbers"]


@pytest.mark.parametrize("form", FORMS)
def test_rows_are_found_by_path_in_every_form(tmp_path, form):
  read = vectors.read(write(tmp_path, form))
  np.testing.assert_array_equal(read.of([NAMES[2], NAMES[0]]), ROWS[[2, 0]])
  with pytest.raises(UserError, match=r"no vector of 'c\.jpg' \(1 of 2 are missing\)"):
    read.of([NAMES[0], "c.jpg"])


@pytest.mark.parametrize(
  ("table", "message"),
  [
    ({"path": ["a", "a"], "v": [[1.0], [2.0]]}, "two vectors of 'a'"),
    ({"path": ["a", "b"], "v": [[1.0], [2.0, 3.0]]}, "several lengths"),
    ({"path": ["a", "b"], "v": [[1.0], [float("nan")]]}, "'b' is not finite"),
    ({"name of it": ["a"], "v": [[1.0]]}, "no column 'path'"),
    ({"path": ["a"], "v": [[1.0]], "w": [[1.0]]}, "2 columns of lists"),
  ],
)
def test_a_table_that_holds_no_vector_a_path_is_refused(tmp_path, table, message):
  pl.DataFrame(table).write_parquet(tmp_path / "x.parquet")
  with pytest.raises(UserError, match=message):
    vectors.read(tmp_path / "x.parquet")


def test_an_array_without_paths_says_where_they_go(tmp_path):
  np.save(tmp_path / "x.npy", ROWS)
  with pytest.raises(UserError, match=r"x\.txt is missing: a path a line"):
    vectors.read(tmp_path / "x.npy")
  with pytest.raises(UserError, match=r"ends in \.parquet or \.npy"):
    vectors.read(tmp_path / "x.csv")
