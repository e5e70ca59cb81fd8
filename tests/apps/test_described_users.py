"""Tables of people beside a run's predictions: each description against the prior of everybody."""

import json

import numpy as np
import polars as pl
import pytest
from ml_collections import ConfigDict

from paiaa_jax.apps import described_users
from paiaa_jax.errors import UserError

IMAGES, OTHERS, TESTED = 40, 60, 20
SETTINGS = ConfigDict(dict(shots=(5,), num_splits=2, seed=0, ratings="", name=""))


@pytest.fixture
def run(tmp_path):
  """(workdir, prepared folder, table of people) whose openness is their weight of trait 1."""
  random = np.random.default_rng(0)
  workdir, prepared = tmp_path / "run", tmp_path / "para"
  (workdir / "predictions").mkdir(parents=True)
  prepared.mkdir()
  rows = []
  openness = random.uniform(1, 10, OTHERS + TESTED)
  for split, file, users in (
    ("train", "out_of_fold", range(OTHERS)),
    ("test", "test", range(OTHERS, OTHERS + TESTED)),
  ):
    names = [f"{split}{i}.jpg" for i in range(IMAGES)]
    generic, trait = random.normal(3, 0.4, IMAGES), random.uniform(-1, 1, IMAGES)
    table = {"path": names, "aesthetic_score": generic, "openness": trait}
    pl.DataFrame(table).write_parquet(workdir / "predictions" / f"para_{file}.parquet")
    for user in users:
      own = generic + (openness[user] - 5.5) / 4 * trait + random.normal(0, 0.2, IMAGES)
      rows += [(f"A{user}", name, score, split) for name, score in zip(names, own, strict=True)]
  schema = ["user", "path", "score", "split"]
  pl.DataFrame(rows, schema, orient="row").write_parquet(prepared / "ratings.parquet")
  (prepared / "manifest.json").write_text(json.dumps({"name": "para", "scale": [-9, 19]}))
  people = {"userId": [f"A{i}" for i in range(OTHERS + TESTED)], "personality-O": openness.round()}
  people |= {"gender": random.choice(["female", "male", ""], OTHERS + TESTED), "age": 30}
  pl.DataFrame(people).write_csv(tmp_path / "people.csv")
  return workdir, prepared, tmp_path / "people.csv"


def test_openness_tells_what_a_user_likes_and_the_rest_and_shuffled_traits_do_not(run, capsys):
  workdir, prepared, people = run
  described_users.run(workdir, prepared, people, SETTINGS)
  result = json.loads((workdir / "described.json").read_text())
  assert result["shots"] == [0, 5] and result["crowd"] == OTHERS
  tests = {name: by_shots["0"]["test"] for name, by_shots in result["solvers"].items()}
  assert list(tests) == ["traits", "demographics", "traits and demographics", "shuffled traits"]
  assert tests["traits"]["low"] > 0.02 and tests["traits and demographics"]["low"] > 0.02
  for name in ("demographics", "shuffled traits"):  # no gain is no number where nothing differs
    assert (tests[name]["gain"] or 0) < 0.02 < tests["traits"]["gain"], name
  assert "shuffled" in capsys.readouterr().out  # a terminal may break the line there


def test_words_become_numbers_and_an_empty_cell_is_unknown(run):
  table = described_users.read_people(run[2])
  assert table.columns == ["user", "openness", "gender male", "age"]
  assert set(table["gender male"].unique()) == {None, 0.0, 1.0}


def test_people_who_are_named_otherwise_are_told(run, tmp_path):
  workdir, prepared, people = run
  pl.read_csv(people).with_columns(userId=pl.col("userId") + "x").write_csv(tmp_path / "x.csv")
  with pytest.raises(UserError, match="no training user is in the table of people"):
    described_users.run(workdir, prepared, tmp_path / "x.csv", SETTINGS)
  pl.read_csv(people).rename({"userId": "nobody"}).write_csv(tmp_path / "y.csv")
  with pytest.raises(UserError, match="no column of users"):
    described_users.run(workdir, prepared, tmp_path / "y.csv", SETTINGS)
