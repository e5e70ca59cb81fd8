"""From a file to figures, the same as our own and scipy's, and to a page."""

import json

import numpy as np
import polars as pl
import pytest
from scipy import stats

from paiaa_jax.apps import personalize_users
from paiaa_jax.apps.benchmark import run, show
from tests import children
from tests.apps.benchmark.tiny import PROTOCOL, SHOTS, SPLITS, held_out, noise, read


def test_our_own_scores_come_out_of_a_file_with_our_own_figures_to_the_last_digit(place):
  theirs = place.folder / "generic.csv"
  tables = {}
  settings = place.inputs, ("ridge",), PROTOCOL
  own = personalize_users.evaluate(*settings, save=tables.__setitem__)
  assert own == personalize_users.evaluate(*settings)
  own = own["solvers"]["ridge"]
  result = run.evaluate(*read(place, tables["ridge"], theirs), seed=0)
  for k in map(str, SHOTS):
    one = result["by_shots"][k]
    assert one["srcc"] == own[k]["personal"] and one["against"] == own[k]["generic"]
    assert one["test"] == own[k]["test"] and one["left_out"] == own[k]["left_out"] == ["user3"]
    ours = [(row["user"], row["srcc_personal"], row["gain"]) for row in own[k]["users"]]
    assert [(row["user"], row["srcc"], row["gain"]) for row in one["users"]] == ours
  assert len(own["8"]["users"]) == 3


def test_figures_are_scipys_on_the_rows_of_the_file(place):
  frame = noise(place)
  users, splits, mine, _ = read(place, frame)
  assert mine.ignored == (f"{(8 + 20) * SPLITS * 3 + (8 + 9) * SPLITS} rows of shots",)
  result = run.evaluate(users, splits, mine, None, seed=0)
  rows = held_out(frame).join(place.ratings.rename({"score": "rating"}), on=["user", "path"])
  expected, errors = {}, {}
  for (user, k, _), own in rows.group_by("user", "k", "split"):
    if user != "user3":
      srcc = stats.spearmanr(own["score"], own["rating"]).statistic
      expected.setdefault((k, user), []).append(srcc)
      error = (own["score"] - own["rating"]).to_numpy()
      plcc = stats.pearsonr(own["score"], own["rating"]).statistic
      others = np.abs(error).mean(), np.sqrt(np.square(error).mean())
      errors.setdefault((k, user), []).append([plcc, *others])
  found = run.user_table(result)
  assert len(found) == len(expected) == 6
  for row in found.iter_rows(named=True):
    own = expected[row["k"], row["user"]]
    assert len(own) == SPLITS and row["held_out"] == 40 - row["k"]
    assert row["srcc"] == pytest.approx(np.mean(own), abs=1e-6)
    assert row["std"] == pytest.approx(np.std(own, ddof=1), abs=1e-6)
  assert "against" not in result["by_shots"]["8"]
  means = [expected[8, f"user{i}"] for i in range(3)]
  assert result["by_shots"]["8"]["srcc"]["mean"] == pytest.approx(np.mean(means), abs=1e-6)
  by_user = np.mean([errors[8, f"user{i}"] for i in range(3)], axis=1)
  for name, values in zip(("plcc", "mae", "rmse"), by_user.T, strict=True):
    one = result["by_shots"]["8"]["agreement"][name]
    assert one["mean"] == pytest.approx(values.mean(), abs=1e-6)
    assert one["people"][0] < values.mean() < one["people"][1]
  low, high = result["by_shots"]["8"]["interval"]["people"]
  assert low < np.mean(means) < high


def test_the_page_the_tables_and_the_rows_of_people_say_the_same(place):
  given = read(place, noise(place), place.folder / "generic.csv")
  result = run.evaluate(*given, seed=0)
  result |= {"name": "ours", "against": "generic", "database": "simulated raters"}
  folder = place.folder / "out"
  page = show.write(result, folder, {"seed": "0"}).read_text()
  assert "ours on simulated raters" in page and "1 people with fewer than 10 images" in page
  assert "Not by the protocol: 4 splits, seed 0, where it has 50 splits, seed 0." in page
  assert json.loads((folder / "result.json").read_text()) == json.loads(json.dumps(result))
  users = pl.read_csv(folder / "per_user.csv").filter(k=20)
  stored = json.loads((folder / "tables" / "benchmark_gain.json").read_text())["rows"][1]
  assert stored["gain"] == result["by_shots"]["20"]["test"]["gain"]
  srcc = result["by_shots"]["20"]["interval"]["mean"]
  assert users["srcc"].mean() == pytest.approx(srcc, abs=1e-6)
  assert (users["srcc"] - users["srcc_against"] - users["gain"]).abs().max() < 1e-6
  assert (folder / "figures" / "learning_curve.png").exists()


def test_the_command_from_splits_to_a_table_and_one_line_on_an_error(place, child_env):
  def launch(*arguments):
    command = ["launch.benchmark", f"--ratings={place.folder}/ratings.csv", f"--splits={SPLITS}"]
    return children.run(*command, *arguments, env=child_env)

  path = place.folder / "splits.csv"
  assert launch(f"--splits_out={path}").returncode == 0
  drawn = pl.read_csv(path)
  assert len(drawn) == (3 * 40 + 9) * SPLITS
  scored = drawn.filter(pl.col("position") >= 8).with_columns(score=pl.col("position"))
  scored.drop("position").write_csv(place.folder / "ours.csv")
  ours = f"--predictions={place.folder}/ours.csv"
  out = place.folder / "out"
  done = launch(ours, "--k=8", f"--against={place.folder}/generic.csv", f"--out={out}")
  assert done.returncode == 0, done.stderr
  assert "SROCC of generic" in done.stdout and (out / "report.html").is_file()
  assert len(pl.read_csv(out / "per_user.csv")) == 3
  for arguments, said in (
    ((), "--splits_out"),
    ((ours, "--k=ten"), "--k holds 'ten'"),
  ):
    failed = launch(*arguments)
    assert failed.returncode == 2 and "Traceback" not in failed.stderr
    assert said in failed.stderr.strip().splitlines()[-1]
