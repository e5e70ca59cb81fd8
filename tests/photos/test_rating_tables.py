"""The same four ratings in every form that spreadsheets and people give them."""

import json
import math

import polars as pl
import pytest

from paiaa_jax.data.databases import table, table_file
from paiaa_jax.errors import UserError
from paiaa_jax.photos import ratings

VALUES = [1.0, 2.5, 4.5, 5.0]
PLAIN = "path,rating\n" + "".join(f"Käse{i}.jpg,{value:g}\n" for i, value in enumerate(VALUES))
SEMICOLONS = PLAIN.replace(",", ";").replace(".5", ",5")


@pytest.fixture
def folder(tmp_path):
  for i in range(len(VALUES)):
    (tmp_path / f"Käse{i}.jpg").touch()
  return tmp_path


def values_of(path):
  found = ratings.read_table(path)
  assert found.paths == [path.parent / f"Käse{i}.jpg" for i in range(len(VALUES))]
  return found.values


@pytest.mark.parametrize(
  "text",
  [
    PLAIN,
    PLAIN.replace(",", ", "),
    PLAIN.replace("path,rating", " Path ,RATING "),
    PLAIN.replace("\n", "\r\n"),
    SEMICOLONS,
    SEMICOLONS.replace(";", "\t"),
    PLAIN.replace(",1", ',"1"').replace(",2.5", ',"2,5"').replace(",4.5", ',"4,5"'),
    *(PLAIN.replace("path", name) for name in ("file", "filename", "Image", "FileName")),
    *(PLAIN.replace("rating", name) for name in ("stars", "score", "Stars")),
    "score,filename,rating\n" + "".join(f"3,Käse{i}.jpg,{v}\n" for i, v in enumerate(VALUES)),
    PLAIN + "Käse0.jpg,\n",
  ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_one_table_in_many_forms(folder, text, encoding):
  (folder / "r.csv").write_bytes(text.encode(encoding))
  assert values_of(folder / "r.csv") == VALUES


def test_a_parquet_file_and_json_lines_are_tables_of_ratings_too(folder):
  rows = [{"file": f"Käse{i}.jpg", "stars": value} for i, value in enumerate(VALUES)]
  pl.DataFrame(rows).write_parquet(folder / "r.parquet")
  (folder / "r.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
  assert values_of(folder / "r.parquet") == values_of(folder / "r.jsonl") == VALUES


def test_a_table_of_another_encoding_is_told_how_to_save_it(folder):
  (folder / "r.csv").write_bytes(SEMICOLONS.encode("cp1252"))
  with pytest.raises(UserError, match=r"r\.csv, line 2: .*save it as UTF-8"):
    ratings.read_table(folder / "r.csv")


def test_a_name_that_no_system_takes_is_told_with_its_line(folder):
  (folder / "r.csv").write_text(f"{PLAIN}{'a' * 5000}.jpg,3\n", encoding="utf-8")
  with pytest.raises(UserError, match=r"r\.csv, line 6: .*a\.jpg is not there"):
    ratings.read_table(folder / "r.csv")


@pytest.mark.parametrize("scale", [(1, math.inf), (-math.inf, 5), (math.nan, 5), (5, 1), (3, 3)])
def test_a_scale_is_two_finite_numbers(folder, scale):
  (folder / "r.csv").write_text(PLAIN, encoding="utf-8")
  with pytest.raises(UserError, match="--scale"):
    ratings.read_table(folder / "r.csv", scale)


def test_label_tables_have_decimal_commas_and_no_thousands(tmp_path):
  path = tmp_path / "labels.csv"
  path.write_text("image;stars\na.jpg;3,125\nb.jpg;4,5\n")
  labels = table.read_labels(table_file.read(path), path, table.Options())
  shares = labels.distributions["counts"].to_list()
  means = [sum(map(float.__mul__, labels.scale, row)) / sum(row) for row in shares]
  assert means == pytest.approx([3.125, 4.5])
  path.write_text("image;p1;p2\na.jpg;0,25;0,75\nb.jpg;1,234;567\n")
  with pytest.raises(UserError, match=r"line 3: column 'p1' holds '1,234': thousands"):
    table.read_labels(table_file.read(path), path, table.Options())
