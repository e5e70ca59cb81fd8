import csv
import io

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paiaa_jax.data import plain_table
from paiaa_jax.data.databases import text_table
from paiaa_jax.data.text_file import LINE
from paiaa_jax.errors import UserError

PLAIN = "name,score\na.jpg,3\nb.jpg,4\n"
EXPECTED = {"name": ["a.jpg", "b.jpg"], "score": ["3", "4"]}


def read(tmp_path, text, names=None, encoding="utf-8"):
  path = tmp_path / "labels.csv"
  path.write_bytes(text.encode(encoding))
  table = text_table.read(path, names)
  if names is None:  # the reader without polars gives the same
    plain = plain_table.read(path)
    assert [{LINE: line, **row} for line, row in plain.rows] == table.to_dicts()
  return table


@pytest.mark.parametrize(
  "text",
  [
    PLAIN,
    PLAIN.rstrip("\n"),
    PLAIN.replace("\n", "\r\n"),
    PLAIN.replace("\n", "\r"),
    "\ufeff" + PLAIN,
    PLAIN.replace(",", ", "),
    PLAIN.replace(",", "\t"),
    PLAIN.replace(",", ";"),
    PLAIN.replace(",", "|"),
    PLAIN.replace(",", "="),
    PLAIN.replace(",", "  \t "),
    "\n \n" + PLAIN.replace("\n", " \n\n"),
    '"name","score"\n"a.jpg","3"\nb.jpg,"4"',
    '"name" "score"\n"a.jpg"  3\nb.jpg\t"4"',
  ],
)
def test_every_make_of_a_file_is_the_same_table(tmp_path, text):
  assert read(tmp_path, text).drop(LINE).to_dict(as_series=False) == EXPECTED


def test_utf_16_with_its_mark_is_read(tmp_path):
  assert read(tmp_path, PLAIN, encoding="utf-16").drop(LINE).to_dict(as_series=False) == EXPECTED


def test_lines_are_counted_as_an_editor_does(tmp_path):
  assert read(tmp_path, "a b\n\n1 2\r\n\r\n3 4")[LINE].to_list() == [3, 5]
  assert read(tmp_path, 'a,b\n\n"1",2\n3,4')[LINE].to_list() == [3, 4]


def test_a_file_without_a_header_takes_the_names_given_or_numbers(tmp_path):
  assert read(tmp_path, "1 2\n3 4\n", names=("x", "y"))["y"].to_list() == ["2", "4"]
  assert read(tmp_path, "1 2\n3 4\n", names=()).columns == [LINE, "column_1", "column_2"]


@pytest.mark.parametrize(
  ("data", "message"),
  [
    (b"", "the file is empty"),
    (b"\xef\xbb\xbf \r\n", "the file is empty"),
    (b"a,b\n", "nothing but a header"),
    (b"a,b\n1,2\n\n1,2,3\n", "line 4: 3 columns where 2 are expected"),
    (b"a,b\n1,2\n1\n1\n", r"line 3: 1 column where 2 are expected \(and 1 more like it\)"),
    (b"a,b\n1,\xff\n", "line 2: not text in UTF-8"),
    (b"a,a\n1,2\n", "two columns have the same name 'a'"),
    (b"a, A \n1,2\n", "two columns have the same name"),
    ("a,b\n1,2\n".encode("utf-16-le"), "save it as UTF-8"),
    ("a,b\n1,2\n".encode("utf-32"), "save it as UTF-8"),
    ("a;b\nKäse;2\n".encode("cp1252"), "line 2: not text in UTF-8; save it as UTF-8"),
    (b'a,b\n1,"2\n3,4\n', "line 3: unexpected end of data"),
  ],
)
def test_what_is_no_table_is_one_line_with_file_and_line(tmp_path, data, message):
  path = tmp_path / "labels.csv"
  path.write_bytes(data)
  for read_table in (text_table.read, plain_table.read):
    with pytest.raises(UserError, match=message) as caught:
      read_table(path)
    assert str(path) in str(caught.value)


def test_the_reason_is_cut_and_made_printable(tmp_path):
  table = pl.DataFrame({LINE: [7], "cell": ["\x1b[2J\n" + "x" * 9999]})
  with pytest.raises(UserError, match="line 7") as caught:
    text_table.refuse(table, pl.lit(True), tmp_path, pl.col("cell"))
  assert str(caught.value).isprintable()
  assert len(str(caught.value)) < 600


cells = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1)


@settings(deadline=None)
@given(
  st.integers(2, 4).flatmap(
    lambda n: st.lists(st.lists(cells, min_size=n, max_size=n), min_size=1, max_size=5)
  )
)
def test_what_a_csv_writer_writes_is_read_back(tmp_path_factory, rows):
  stream = io.StringIO()
  csv.writer(stream, quoting=csv.QUOTE_ALL).writerows(rows)
  path = tmp_path_factory.getbasetemp() / "round_trip.csv"
  # Commas outnumber every other separator in the first line, whatever the cells hold.
  path.write_text("a" + "," * (len(rows[0]) - 1) + "\n" + stream.getvalue(), encoding="utf-8")
  assert [list(row[1:]) for row in text_table.read(path).iter_rows()] == rows
