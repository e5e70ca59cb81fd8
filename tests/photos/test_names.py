"""Any name a file may have is shown without harm, and leads back to the file."""

import csv
import os
import re
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paiaa_jax import cli
from paiaa_jax.photos import names, ratings, table, verbs
from tests.photos.conftest import save_photo

ODD = {
  "not UTF-8": b"caf\xe9.jpg",
  "colours of a terminal": b"\x1b[31mred.jpg",
  "lines": b"two\nlines\r\t.jpg",
  "C1": "title\x9d.jpg".encode(),
  "turned round": "\u202egpj.exe.jpg".encode(),
  "a formula": b"=HYPERLINK(1).jpg",
  "a sum": b"+1.jpg",
  "a difference": b"-1+2.jpg",
  "a call": b"@SUM(1).jpg",
  "plain": "Größe 写真 👨‍👩‍👧.jpg".encode(),
}
pytestmark = pytest.mark.skipif(
  sys.platform != "linux", reason="other systems refuse such names in a folder"
)


def is_harmless(text):
  bidi = {unicodedata.bidirectional(c) for c in text} & {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI"}
  return not bidi and not any(unicodedata.category(c) in {"Cc", "Zl", "Zp", "Cs"} for c in text)


@pytest.fixture
def odd(tmp_path, monkeypatch):
  """A folder of odd names, which is the working directory; nothing stands before the names."""
  folder = tmp_path / "odd"
  folder.mkdir()
  monkeypatch.chdir(folder)
  random = np.random.default_rng(0)
  return [save_photo(Path(os.fsdecode(name)), random) for name in ODD.values()]


@given(st.binary(min_size=1, max_size=12).filter(lambda name: not re.search(rb"[\0\\/]", name)))
def test_a_name_leads_back_to_its_file(name):
  path = Path(os.fsdecode(name))
  assert is_harmless(names.printable(path))
  assert names.path_of(names.cell(path)) == path
  assert names.path_of(names.printable(path)) == path


def test_plain_names_stay_as_they_are():
  name = os.fsdecode(ODD["plain"])
  assert names.cell(name) == names.printable(name) == name
  assert names.cell("/photos/=1.jpg") == "/photos/=1.jpg"


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_tables_hold_no_formula_and_nothing_that_a_terminal_obeys(
  open_library, odd, tmp_path, suffix
):
  library, out = open_library(*odd), tmp_path / f"scores{suffix}"
  verbs.score(library, out)
  if suffix == ".csv":
    with out.open(newline="") as file:
      cells = [row["path"] for row in csv.DictReader(file)]
  else:
    rows = [table.to_row(photo, library.model) for photo in library.photos()]
    cells = [row["path"] for row in rows]
  assert all(is_harmless(text) and text[0] not in "=+-@" for text in cells)
  assert [names.path_of(text) for text in cells] == odd


def test_what_is_said_of_files_is_harmless_too(open_library, odd, capsys):
  for path in odd:
    path.write_bytes(b"")
  save_photo(Path("good.jpg"), np.random.default_rng(0))
  verbs.score(open_library(*odd, Path("good.jpg")), None)
  open_library(*odd, Path("good.jpg")).scored()
  out, err = capsys.readouterr()
  lines = (out + err).split("\n")
  assert all(map(is_harmless, lines)) and sum("the file is empty" in line for line in lines) == 20


def test_an_error_that_names_a_file_is_harmless(odd, capsys, monkeypatch):
  monkeypatch.setattr(sys, "argv", ["paiaa", "score", os.fsdecode(b"\x1b[2J\xff"), "--model=."])
  with pytest.raises(SystemExit) as ended:
    cli.main()
  (line,) = capsys.readouterr().err.splitlines()
  assert ended.value.code == 2 and is_harmless(line)


def test_a_page_shows_the_picture_of_any_name(open_library, odd, tmp_path):
  library = open_library(*odd)
  listed = tmp_path / "ratings.csv"
  ratings.write_table([str(path) for path in odd], listed)
  rated = listed.read_text("utf-8").replace(",\n", ",3\n").replace(",3\n", ",5\n", 4)
  Path("ratings.csv").write_text(rated, "utf-8")  # beside the photographs
  found = ratings.read_table(Path("ratings.csv"))
  assert found.paths == odd
  verbs.personalize(library, found, tmp_path / "me.json")
  verbs.rank(library, tmp_path / "me.json", 0, False, tmp_path / "r.csv", tmp_path / "top.html")
  page = (tmp_path / "top.html").read_text("utf-8")
  assert page.count('src="data:image/jpeg;base64,/9j/') == len(odd)
