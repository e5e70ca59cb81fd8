"""Every table and figure of the paper from simulated databases and a tiny network."""

import json

import pytest

from tests import children

TINY = "tests.studies.reproduce.tiny"
STUDY = "tests/studies/reproduce/tiny_study.py"
TABLES = ("table1", "table2", "table3", "table4", "table5", "ablation", "ablation_seeds")
PICTURES = ("figure4", "figure5", "figure6", "figure7", "learning_curve")


def reproduce(workdir, env, *flags):
  return children.run(TINY, f"--config={STUDY}", f"--workdir={workdir}", *flags, env=env)


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory, child_env):
  workdir = tmp_path_factory.mktemp("reproduce") / "run"
  done = reproduce(workdir, child_env, "--all")
  assert done.returncode == 0, done.stderr[-3000:]
  return workdir


def rows(workdir, name):
  return json.loads((workdir / "tables" / f"{name}.json").read_text())["rows"]


@pytest.mark.parametrize("name", TABLES)
def test_a_row_is_measured_by_a_run_that_is_there_or_published_or_planted(reproduced, name):
  workdir = reproduced
  origins = {row["origin"] for row in rows(workdir, name)}
  assert "measured here" in origins and origins <= {"measured here", "published", "planted"}
  for row in rows(workdir, name):
    said = row.get("run") or row.get("runs") or ""
    if row["origin"] == "published":
      assert not said
    elif row["origin"] == "measured here" and row.get("method") != "always high":
      for run in said.removesuffix(" ...").split(" less "):
        pattern = run.replace("seed*", "seed[0-9]")  # of the ablation, two seeds
        models = list((workdir / "runs").glob(f"{pattern}/model/model.safetensors"))
        assert len(models) == (1 if pattern == run else 2)


def test_every_figure_is_drawn_and_the_page_says_simulated(reproduced):
  workdir = reproduced
  for name in PICTURES:
    assert (workdir / "figures" / f"{name}.png").stat().st_size > 5000
  page = (workdir / "report.html").read_text()
  assert "simulated raters" in page and "not measured yet" not in page


def test_table_v_has_every_system_on_the_same_people(reproduced):
  workdir = reproduced
  measured = [row for row in rows(workdir, "table5") if row["origin"] == "measured here"]
  methods = [(row["method"], row["solver"]) for row in measured]
  assert methods == [
    ("MT_IAA", "empirical_bayes"),
    ("MT_IAA", "ridge"),
    ("PA_IAA", "empirical_bayes"),
    ("PA_IAA", "ridge"),
    ("generic score", "none"),
    ("PA_IAA, released scripts", "conditional"),
    ("SVR on the residual, our traits", "residual_svr_traits"),
    ("FPMF, our traits", "fpmf_traits"),
  ]
  assert {row["people"] for row in rows(workdir, "table5_gain")} == {37}


def test_the_ablation_takes_equal_steps_and_tells_how_far_each_backbone_moved(reproduced):
  workdir = reproduced
  seeds = rows(workdir, "ablation_seeds")
  assert len(seeds) == 3 * 2 and {row["steps"] for row in seeds} == {2}
  assert all(float(row["backbone moved"].rstrip(" %")) > 0 for row in seeds)
  for row in rows(workdir, "ablation"):
    assert row["mean"] == pytest.approx((row["seed 0"] + row["seed 1"]) / 2)


def test_started_again_it_makes_what_is_missing_and_nothing_else(reproduced, child_env):
  workdir = reproduced
  lost = next((workdir / "runs").glob("mt_iaa*seed1"))
  before = (workdir / "tables" / "ablation.json").read_bytes()
  (lost / "steps" / "evaluate_flickr_aes_test").unlink()
  again = reproduce(workdir, child_env, "--all")
  assert again.returncode == 0, again.stderr[-3000:]
  assert again.stderr.count("== ") == 1 and f"{lost.name}: evaluate" in again.stderr
  assert (workdir / "tables" / "ablation.json").read_bytes() == before


def test_what_rests_on_other_folds_is_refused(reproduced, child_env):
  workdir = reproduced
  other = reproduce(workdir, child_env, "--all", "--config.folds=3")
  assert other.returncode == 2 and "folds 2 -> 3" in other.stderr


def test_a_chain_runs_alone_and_an_unknown_one_is_told(reproduced, child_env):
  workdir = reproduced
  listed = reproduce(workdir, child_env, "--table=1", "--list")
  assert [line.split()[0] for line in listed.stdout.splitlines()] == ["0", "1", "2", "3"]
  assert reproduce(workdir, child_env, "--table=1", "--chain=3").returncode == 0
  wrong = reproduce(workdir, child_env, "--table=1", "--chain=4")
  assert wrong.returncode == 2 and "chains 0..3" in wrong.stderr
  nothing = reproduce(workdir, child_env)
  assert nothing.returncode == 2 and "--all" in nothing.stderr
