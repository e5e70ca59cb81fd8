"""The leaderboard: the page is what its files say, and a protocol holds users and themes out."""

import json
import shutil

import numpy as np
import polars as pl
import pytest

from paiaa_jax import files
from paiaa_jax.errors import UserError
from studies import leaderboard
from tests import children
from tests.data.databases.tiny import MAKERS
from tests.test_docs import ROOT

DOCS = ROOT / "docs"
WEIGHTS = "ab" * 32


@pytest.fixture
def data(tmp_path, monkeypatch):
  monkeypatch.setattr(leaderboard, "OASIS_USERS", 3)  # of the tiny folder's twelve
  for name in ("oasis", "vessel"):
    (tmp_path / name / "images").mkdir(parents=True)
    MAKERS[name](tmp_path / name)
  return tmp_path


def test_the_page_is_what_its_files_say():
  intro = (DOCS / "leaderboard/intro.txt").read_text(encoding="utf-8")
  page = leaderboard.page(DOCS / "leaderboard", intro)
  assert page == (DOCS / "leaderboard.md").read_text(encoding="utf-8")
  assert "Published by others" in page


def test_users_and_themes_are_held_out_together(data):
  norms = (data / "oasis/OASIS.csv").read_text()
  for i in range(20):  # ten themes of two photographs
    norms = norms.replace(f"Dog {i},", f"Theme{chr(97 + i // 2)} {i % 2 + 1},")
  (data / "oasis/OASIS.csv").write_text(norms)
  table = leaderboard.ratings_of("oasis_by_theme", data)
  theme = table["path"].str.extract(r"/(\w+) \d")
  by_split = table.with_columns(theme=theme).partition_by("split", as_dict=True)
  train, test = by_split[("train",)], by_split[("test",)]
  for column, tested in (("user", 3), ("theme", 5)):
    assert not set(train[column]) & set(test[column])
    assert test[column].n_unique() == tested


def test_vessels_first_ratings_are_asked_and_oasis_trains(data):
  table = leaderboard.ratings_of("vessel_from_oasis", data)
  places = table.with_columns(place=pl.col("path").str.extract(r"^(\w+)/images/"))
  assert set(places.select("split", "place").unique().iter_rows()) == {
    ("train", "oasis"),
    ("test", "vessel"),
  }
  tested = table.filter(split="test")
  assert not tested.select("user", "path").is_duplicated().any()
  first = 1 + (2 * 3 + 1) % 7  # of user 2 and photograph 3 in block 1
  assert tested.filter(user="2", path="vessel/images/aip_3.jpg")["score"].to_list() == [first]


def written(folder, seed, people=120):
  """What launch.benchmark writes, in short."""
  random = np.random.default_rng(seed)
  one = {
    "srcc": {"mean": 0.5 + 0.1 * random.random(), "std": 0.01},
    "interval": {"people": [0.4, 0.6], "people_and_splits": [0.4, 0.6], "mean": 0.5},
    "against": {"mean": 0.45, "std": 0.01},
    "gain": {"mean": 0.05, "people": [0.01, 0.09]},
    "test": {"gain": 0.05, "low": 0.01, "high": 0.09, "p_value": 0.01},
    "undefined": {},
    "users": [{"user": "a"}],
  }
  result = {"protocol": 1, "seed": 0, "num_splits": 2, "people": people, "ratings": 7634}
  folder.mkdir(parents=True)
  files.write_json(folder / "result.json", result | {"by_shots": {"10": one}})
  (folder / "per_user.csv").write_text("k,user\n10,a\n")


def test_one_command_adds_a_row_and_makes_the_page_anew(tmp_path, child_env):
  docs = tmp_path / "docs"
  shutil.copytree(DOCS / "leaderboard", docs / "leaderboard")
  before = leaderboard.page(docs / "leaderboard", "")
  written(tmp_path / "run", seed=0)
  command = ["launch.leaderboard", f"--docs={docs}", "--method=magic"]
  command += [f"--add={tmp_path / 'run'}", "--encoder=Ours", f"--weights={WEIGHTS}", "--command=x"]
  done = children.run(*command, env=child_env)
  assert done.returncode == 0, done.stderr
  page = (docs / "leaderboard.md").read_text(encoding="utf-8")
  (row,) = [line for line in page.splitlines() if line.startswith("| Ours | `magic` |")]
  mean = json.loads((tmp_path / "run/result.json").read_text())["by_shots"]["10"]["srcc"]["mean"]
  assert f"{mean:.3f}".lstrip("0") in row and "+0.050 (+0.010 to +0.090)" in row
  assert "magic" not in before


def test_a_gain_is_a_share_of_what_a_perfect_predictor_would_add(tmp_path):
  written(tmp_path / "run", seed=0)
  told = {"method": "m", "encoder": "e", "command": "c", "weights": WEIGHTS}
  leaderboard.add(leaderboard.entry(tmp_path / "run", "vessel_from_oasis", **told), tmp_path)
  lacks = np.sqrt(0.711) - 0.45
  expected = f"{0.05 / lacks:.0%} ({0.01 / lacks:.0%} to {0.09 / lacks:.0%}) |"
  assert expected in leaderboard.page(tmp_path, "")


def test_what_is_no_row_is_refused(tmp_path):
  written(tmp_path / "run", seed=0)
  told = {"method": "m", "encoder": "e", "command": "c"}
  with pytest.raises(UserError, match="unknown protocol 'mine'; one of oasis_by_theme"):
    leaderboard.entry(tmp_path / "run", "mine", weights=WEIGHTS, **told)
  with pytest.raises(UserError, match="no sha256 of the weights"):
    leaderboard.entry(tmp_path / "run", "oasis_by_theme", weights="abc", **told)
  with pytest.raises(UserError, match=r"result\.json is missing"):
    leaderboard.entry(tmp_path, "oasis_by_theme", weights=WEIGHTS, **told)
  written(tmp_path / "five", seed=0, people=5)
  rows = [
    leaderboard.entry(tmp_path / name, "oasis_by_theme", weights=WEIGHTS, **told | {"method": name})
    for name in ("run", "five")
  ]
  leaderboard.add(rows[0], tmp_path)
  with pytest.raises(UserError, match=r"5 users .* oasis_by_theme has 120 and 7,634"):
    leaderboard.add(rows[1], tmp_path)
