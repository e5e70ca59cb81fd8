"""The main job, whole: the quickstart's own commands, cut to two steps of training."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE_5 = "table5", "table5_checks"


def run_quickstart(workdir, env):
  command = [sys.executable, "-m", "launch.quickstart", f"--workdir={workdir}", "--steps=2"]
  done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
  assert done.returncode == 0, done.stderr
  return done


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory, child_env):
  workdir = tmp_path_factory.mktemp("quickstart") / "run"
  return workdir, run_quickstart(workdir, child_env)


def test_the_report_is_whole_and_says_simulated(quickstart):
  workdir, done = quickstart
  page = (workdir / "report.html").read_text()
  names = (
    "table5",
    "table5_gain",
    "table5_checks",
    "table5_personal",
    "generic",
    "joint",
    "table4",
  )
  for name in names:
    table = json.loads((workdir / "tables" / f"{name}.json").read_text())
    assert "simulated raters" in table["title"] and table["title"] in page
    assert {row["origin"] for row in table["rows"]} <= {"measured here", "published", "planted"}
  assert page.count("data:image/svg+xml;base64,") == 3
  lead, picture = re.search(r"<h1>.*?<p>(.*?)</p>.*?<img.*?alt=\"(.*?)\"", page, re.DOTALL).groups()
  assert "of 37 simulated users gain" in lead and done.stdout.startswith(lead)
  assert picture.startswith("Fig. 6 (simulated raters)")
  assert "Table V" in done.stdout


def test_nobody_beats_the_oracle(quickstart):
  workdir, _ = quickstart
  tables = [json.loads((workdir / "tables" / f"{name}.json").read_text()) for name in TABLE_5]
  rows = [row for table in tables for row in table["rows"] if row["origin"] != "published"]
  for k in ("k = 10", "k = 100"):
    values = {row["system"]: float(row[k].split()[0]) for row in rows}
    assert values["PA_IAA, empirical_bayes"] < values["oracle's ceiling"]
    assert values["PA_IAA, empirical_bayes, null run"] < values["oracle's ceiling, null run"]


def test_test_photographs_share_no_source_with_training(quickstart):
  workdir, _ = quickstart
  rows = json.loads((workdir / "tables" / "sources.json").read_text())["rows"]
  names = {"train": set(), "validation": set(), "test": set()}
  for row in rows:
    names[row["split"]] |= {part.split()[0] for part in row["made from"].split(", ")}
  assert len(names["train"]) == 4 and len(names["test"]) == 3
  assert not names["test"] & (names["train"] | names["validation"])


def test_a_second_start_does_nothing_again_and_prints_the_same(quickstart, child_env):
  workdir, done = quickstart
  again = run_quickstart(workdir, child_env)
  assert again.stdout == done.stdout
  assert "==" not in again.stderr
