"""The main job, whole: the quickstart's own commands, cut to two steps of training.

The commands train a tiny network; the quickstart's own is trained by one of them besides.
"""

import json
import re

import numpy as np
import pytest

from paiaa_jax.models.weights import pretrained
from studies.quickstart import plan
from tests import children

TABLE_5 = "table5", "table5_checks"


def run_quickstart(workdir, env):
  done = children.run("tests.e2e.tiny_quickstart", f"--workdir={workdir}", "--steps=2", env=env)
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


def test_the_quickstarts_own_network_is_trained_from_its_packaged_weights(
  quickstart, child_env, tmp_path
):
  workdir, _ = quickstart
  train = next(step.do for step in plan.steps(workdir, 0, short=2) if step.name == "train")
  words = train._replace(flags={"workdir": tmp_path / "run"}).words
  done = children.run(*words, env=child_env)
  assert done.returncode == 0, done.stderr
  variables, config = pretrained.load_model(tmp_path / "run" / "model")
  assert config["network"]["backbone"] == "efficientnet_lite0"
  backbone = {kind: parts["backbone"] for kind, parts in variables.items() if "backbone" in parts}
  first = pretrained.load("efficientnet_lite0", pretrained.packaged_path("efficientnet_lite0"))
  learnt, stem = (tree["params"]["stem"]["kernel"] for tree in (backbone, first))
  moved = np.linalg.norm(learnt - stem) / np.linalg.norm(stem)
  assert 0 < moved < 0.1
