"""A table says the same thing on the page, on the terminal and in its files."""

import csv
import json
import math
import re

import pytest
from matplotlib.figure import Figure

from paiaa_jax.reporting import page
from paiaa_jax.reporting.table import PUBLISHED, Table


@pytest.fixture
def table():
  table = Table("t", "Table T, simulated raters", ("method", "srcc"), notes=["note & more"])
  table.add("ours", 0.51234)
  table.add("theirs_a", math.nan, origin=PUBLISHED)
  return table


def test_a_row_must_fit_its_columns(table):
  with pytest.raises(ValueError, match="1 cells for 2 columns"):
    table.add("short")


def test_files_keep_full_precision_and_origin(table, tmp_path):
  table.write(tmp_path)
  with open(tmp_path / "t.csv", newline="") as file:
    rows = list(csv.DictReader(file))
  assert rows[0] == {"method": "ours", "srcc": "0.51234", "origin": "measured here"}
  stored = json.loads((tmp_path / "t.json").read_text())
  assert stored["rows"][1] == {"method": "theirs_a", "srcc": None, "origin": "published"}
  assert r"theirs\_a & - & published \\" in (tmp_path / "t.tex").read_text()


def test_the_page_holds_everything_and_needs_nothing_else(table, tmp_path):
  picture = page.Picture("p", "A picture", Figure())
  sections = [page.Section("One <b>", "Words.\n\nMore.", [table], [picture])]
  text = page.write(tmp_path, "Title", "Lead.", sections, {"seed": "0"}).read_text()
  assert "One &lt;b&gt;" in text and "0.512" in text and 'class="published"' in text
  assert "data:image/svg+xml;base64," in text
  assert "http" not in text.replace("http-equiv", "")
  assert (tmp_path / "tables" / "t.csv").exists() and (tmp_path / "figures" / "p.png").exists()


def test_a_figure_in_a_page_has_no_colour_of_its_own_for_ink_or_ground():
  figure = Figure()
  figure.subplots().set_title("black unless the page says otherwise")
  drawn = [page.Picture("p", "A picture", figure).svg() for _ in range(2)]
  assert drawn[0] == drawn[1]
  assert "prefers-color-scheme: dark" in drawn[0] and "currentColor" in drawn[0]
  assert not re.search(r"#0{3,6}\b|#f{3,6}\b|white|black;", drawn[0].lower())
