"""What a person sees on a terminal: whole paths and numbers at 80 columns, bars in proportion."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from paiaa_jax.photos import table, terminal, verbs
from paiaa_jax.photos.stars import Plan


@pytest.fixture
def narrow(monkeypatch):
  monkeypatch.setenv("COLUMNS", "80")
  monkeypatch.setattr(terminal, "is_terminal", lambda: True)


def test_a_sparkline_is_in_proportion():
  assert terminal.sparkline([0, 0.25, 0.5]) == " ▄█"
  assert terminal.sparkline([0.2] * 5) == "█" * 5


def test_a_histogram_counts_every_score():
  scores = np.random.default_rng(0).normal(size=400)
  lines = terminal.histogram(scores)
  counts = [int(line.split()[-1]) for line in lines]
  np.testing.assert_array_equal(counts, np.histogram(scores, bins=len(lines))[0])
  assert max(line.count("█") for line in lines) == terminal.BAR
  assert all(len(line) <= 80 for line in lines)
  assert terminal.histogram([2.0])[0].endswith(" 1")


def test_no_path_and_no_number_is_cut_at_80_columns(open_library, photos, narrow, capsys):
  long = photos / f"{'a-long-name-' * 6}.jpg"
  (photos / "00.jpg").rename(long)
  library = open_library(photos)
  rows = [table.to_row(photo, library.model) for photo in library.photos()]
  terminal.show_scores(rows, library.model)
  lines = capsys.readouterr().out.splitlines()
  assert all(len(line) <= 80 for line in lines) and "…" not in "".join(lines)
  start = lines[0].index("photograph")
  end = lines[0].index("score")
  assert rows[-1]["path"] == str(long)  # the letters come behind the digits
  column = "".join(line[start:end].strip() for line in lines)
  assert str(long) in column
  for row in rows:
    assert any(f" {row['aesthetic_score']:.2f} " in line for line in lines)
    assert any(f"{row['neuroticism']:+.2f}" in line for line in lines)


def test_brackets_and_colons_in_a_path_are_shown(narrow, capsys):
  paths = ["[final] trip/a [red].jpg", ":heart:.jpg", "x [/b].jpg"]
  numbers = dict.fromkeys(("personal_score", "personal_high", "aesthetic_score", "percentile"), 1.0)
  rows = [{"path": path, "burst": 0, "burst_place": 1, **numbers} for path in paths]
  terminal.show_ranking(rows, [0, 0, 0])
  ranking = capsys.readouterr().out
  model = SimpleNamespace(score_values=(1.0, 2.0), aux_names=())
  terminal.show_scores([{**row, "p1": 0.5, "p2": 0.5} for row in rows], model)
  scores = capsys.readouterr().out
  assert all(path in ranking and path in scores for path in paths)


def test_a_terminal_gets_the_best_and_every_error(open_library, photos, narrow, capsys):
  (photos / "bad.jpg").write_bytes(b"")
  for i in range(10):
    (photos / f"copy{i}.jpg").write_bytes((photos / "00.jpg").read_bytes())
  assert verbs.score(open_library(photos), None) == 1
  out, err = capsys.readouterr()
  assert "the best 20 of 30" in err and "the file is empty" in out


def test_stars_are_counted_and_what_is_refused_is_named(narrow, capsys):
  whats = ("write", "write", "keep: rated by hand", "its sidecar is locked")
  stars = [
    Plan(Path(f"{i}.jpg"), star, what)
    for i, (star, what) in enumerate(zip((5, 3, 3, -1), whats, strict=True))
  ]
  terminal.show_stars(stars)
  header, *lines = capsys.readouterr().out.splitlines()
  assert header.split("  ")[0] == "stars" and "would be written" in header
  assert [line.split() for line in lines[:2]] == [["★★★★★", "1"], ["★★★", "1", "1"]]
  assert lines[2].split() == ["rejected", "1"] and lines[3:] == ["3.jpg: its sidecar is locked"]


def test_a_ranking_tells_takes_of_the_whole_library(narrow, capsys):
  numbers = dict.fromkeys(("personal_score", "personal_high", "aesthetic_score"), 1.0)
  rows = [
    {"path": f"{i}.jpg", "burst": i // 3, "burst_place": 1 + i % 3, "percentile": 25.0, **numbers}
    for i in range(4)
  ]
  terminal.show_ranking(rows[:2], [0, 0, 0, 1])
  assert "1 of 3" in (out := capsys.readouterr().out) and "2 of 3" in out and "3.jpg" not in out
  terminal.show_ranking(rows[3:], [0, 0, 0, 1])
  assert " of " not in capsys.readouterr().out
