"""Photographs are only read, whatever is done with them, one verb after another."""

import hashlib

import pytest

from tests.photos.command import runner


@pytest.fixture
def run(monkeypatch, capsys):
  return runner(monkeypatch, capsys)


def hashes(folder):
  return {
    path: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
    for path in folder.glob("*.jpg")
  }


def test_no_verb_changes_a_photograph(run, photos, model_path, tmp_path):
  before = hashes(photos)
  own = ["--model", model_path, "--cache", tmp_path / "cache.sqlite"]
  ratings = tmp_path / "ratings.csv"
  table = [f"{path},{i % 5 + 1}" for i, path in enumerate(sorted(photos.iterdir()))]
  ratings.write_text("\n".join(["path,rating", *table[:12]]))
  me = ["--profile", tmp_path / "me.json"]
  verbs = [
    ["doctor", photos],
    ["score", photos, *own, "-o", tmp_path / "scores.csv", "--html", tmp_path / "s.html"],
    ["suggest", photos, *own, "-o", tmp_path / "to_rate.csv"],
    ["personalize", ratings, *own, "-o", tmp_path / "me.json"],
    ["rank", photos, *own, *me, "-o", tmp_path / "r.csv", "--copy-to", tmp_path / "best"],
    ["explain", photos / "03.jpg", *own, *me, "--png", tmp_path / "why.png"],
    ["stars", photos, *own, *me],
    ["stars", photos, *own, *me, "--write"],
    ["personalize", "--from-xmp", photos, *own, "-o", tmp_path / "again.json"],
  ]
  codes = [run(*verb)[0] for verb in verbs]
  assert hashes(photos) == before and len(before) == 20
  did = codes[1:-1]  # doctor may find something, and no person's star is left to learn from
  assert [code or 0 for code in did] == [0] * 7, codes
