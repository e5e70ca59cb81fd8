"""A sweep's commands, and the table of what its runs came to."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import scipy.stats

from launch import collect, sweep
from paiaa_jax.errors import UserError
from studies import config_file, sweeps
from tests import children

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("name", "runs"), [("rates", 27), ("folds", 10)])
def test_the_shipped_sweeps_name_fields_that_exist(name, runs):
  path = f"configs/sweeps/{name}.py:densenet121"
  assert len(sweep.run_flags(path, "runs/x")) == runs
  for overrides in config_file.functions(path)["sweep"]():
    config = config_file.load(path).lock()
    config.update_from_flattened_dict(overrides)  # a misspelt field is an error
    assert config.model.backbone == "densenet121"


def test_a_sweep_is_given_the_argument_of_its_config():
  path = "configs/sweeps/user_folds.py"
  para, lapis = (
    sweep.run_flags(f"{path}:{name}", "runs") for name in ("para", "lapis,densenet121")
  )
  assert [len(para), len(lapis)] == [4, 4]
  assert para[2][2:] == [
    "--config.data.aesthetics=/data/prepared/para_fold3",
    "--config.data.auxiliary=/data/prepared/para_fold3",
  ]
  assert lapis[2][2:] == ["--config.data.aesthetics=/data/prepared/lapis_fold3"]
  assert config_file.load(f"{path}:lapis,densenet121").model.backbone == "densenet121"


def test_runs_have_workdirs_of_their_own(tmp_path):
  flags = sweep.run_flags(str(ROOT / "configs/sweeps/rates.py"), "runs/rates")
  workdirs = [run[1] for run in flags]
  assert len(set(workdirs)) == len(workdirs)
  assert workdirs[0] == "--workdir=runs/rates/lr_backbone=1e-05,lr_heads=0.0001,seed=0"
  assert flags[0][2:] == [
    "--config.optim.lr_backbone=1e-05",
    "--config.optim.lr_heads=0.0001",
    "--config.seed=0",
  ]


@pytest.mark.parametrize(
  ("body", "message"),
  [
    ("", "has no function sweep"),
    ("def sweep():\n  yield from ()\n", "yields 0 runs"),
    ("def sweep():\n  yield {'seed': 1}\n  yield {'seed': 1}\n", "2 runs, 1 different"),
  ],
)
def test_a_sweep_that_makes_no_sense_is_refused(tmp_path, body, message):
  path = tmp_path / "config.py"
  path.write_text(body)
  with pytest.raises(UserError, match=message):
    sweep.run_flags(str(path), "runs")


def test_submitting_hands_each_run_to_the_command(tmp_path):
  config = tmp_path / "config.py"
  config.write_text("def sweep():\n  yield {'seed': 1}\n  yield {'seed': 2}\n")
  arguments = ["launch.sweep", f"--config={config}", "--workdir=runs/x"]
  done = children.run(*arguments, "--submit=echo sbatch job.sh")
  start = f"sbatch job.sh --config={config} --workdir=runs/x/seed="
  assert done.stdout.splitlines() == [f"{start}{n} --config.seed={n}" for n in (1, 2)]
  printed = children.run(*arguments).stdout.replace("python -m launch.train", "sbatch job.sh")
  assert printed == done.stdout
  refused = children.run(*arguments, "--submit=false")
  assert refused.returncode == 2 and "--submit='false' ended with 1" in refused.stderr
  beyond = children.run(*arguments, "--run=2")
  assert beyond.returncode == 2 and "yields runs 0..1" in beyond.stderr


def write_run(workdir, rate, lines):
  workdir.mkdir(parents=True)
  (workdir / "config.json").write_text(json.dumps({"optim": {"lr_heads": rate}, "seed": 0}))
  text = "".join(json.dumps(line) + "\n" for line in lines)
  (workdir / "metrics.jsonl").write_text(text + '{"step": 9, "lo')  # cut short by a kill


def test_collect_takes_the_last_metrics_and_the_fields_that_differ(tmp_path):
  lines = [
    {"step": 2, "loss": 0.5, "loss_aesthetics": 0.4, "validation/loss_aesthetics": 0.3},
    {"step": 4, "time": 1.0, "loss": 0.25, "validation/srcc": 0.5},
  ]
  write_run(tmp_path / "a", 0.1, lines)
  write_run(tmp_path / "b/deep", 0.2, [{"step": 3, "validation/srcc": None}])
  rows = collect.collect(tmp_path).to_dicts()
  assert rows == [
    {
      "run": "a",
      "optim.lr_heads": 0.1,
      "step": 4,
      "loss": 0.25,
      "training_loss_aesthetics": 0.4,
      "loss_aesthetics": 0.3,
      "srcc": 0.5,
    },
    {
      "run": "b/deep",
      "optim.lr_heads": 0.2,
      "step": 3,
      "loss": None,
      "training_loss_aesthetics": None,
      "loss_aesthetics": None,
      "srcc": None,
    },
  ]


def test_collect_prints_a_table_and_writes_it_whole(tmp_path):
  write_run(tmp_path / "runs/a", 0.1, [{"step": 4, "loss": 0.25, "validation/srcc": 0.5}])
  done = children.run(
    "launch.collect", f"--workdir={tmp_path / 'runs'}", f"--out={tmp_path / 't.csv'}"
  )
  assert "srcc" in done.stdout and "loss" not in done.stdout
  assert (tmp_path / "t.csv").read_text().splitlines()[0] == "run,step,loss,srcc"
  nothing = children.run("launch.collect", f"--workdir={tmp_path / 'none'}")
  assert nothing.returncode == 2 and "no run" in nothing.stderr


def test_collect_over_seeds_gives_means_and_paired_differences(tmp_path):
  random = np.random.default_rng(0)
  easy = random.normal(0.5, 0.1, 3)  # a seed is easy or hard for every rate
  found = {0.1: easy, 0.2: easy + random.normal(0.02, 0.005, 3)}
  for rate, values in found.items():
    for seed, value in enumerate(values):
      workdir = tmp_path / f"lr_heads={rate},seed={seed}"
      lines = [{"step": s, "loss": 1.0, "validation/srcc": v} for s, v in ((1, 0.9), (2, value))]
      write_run(workdir, rate, lines)
      (workdir / "config.json").write_text(json.dumps({"optim": {"lr_heads": rate}, "seed": seed}))
      (workdir / "predictions").mkdir()
      said = json.dumps({"aesthetics": {"srcc": value / 2}})
      (workdir / "predictions" / "ava_test.json").write_text(said)
  out, report = tmp_path / "over.csv", tmp_path / "page"
  command = ["launch.collect", f"--workdir={tmp_path}", "--over=seed", f"--out={out}"]
  done = children.run(*command, "--against=optim.lr_heads=0.1", f"--report={report}")
  assert done.returncode == 0, done.stderr
  rows = {row["optim.lr_heads"]: row for row in pl.read_csv(out).iter_rows(named=True)}
  for rate, values in found.items():
    row = rows[rate]
    assert row["n"] == 3 and row["best srcc"] == pytest.approx(0.9)
    assert row["srcc"] == pytest.approx(values.mean())
    assert row["srcc deviation"] == pytest.approx(values.std(ddof=1))
    assert row["test ava srcc"] == pytest.approx(values.mean() / 2)
  gap = scipy.stats.ttest_rel(found[0.2], found[0.1])
  low, high = gap.confidence_interval()
  row = rows[0.2]
  assert (row["srcc low"], row["srcc high"]) == pytest.approx((low, high))
  assert rows[0.1]["srcc gain"] is None
  page = (report / "report.html").read_text()
  assert "Over seed" in page and "data:image/svg+xml" in page
  wrong = children.run(*command, "--against=optim.lr_heads=7")
  assert wrong.returncode == 2 and "no such runs" in wrong.stderr


def test_folds_whose_fields_change_together_are_averaged_with_their_personal_scores(tmp_path):
  values = [0.4, 0.5, 0.9]
  for fold, value in enumerate(values):
    workdir = tmp_path / str(fold)
    write_run(workdir, 0.1, [{"step": 1, "loss": 1.0}])
    data = {"aesthetics": f"fold{fold}", "auxiliary": f"fold{fold}"}
    (workdir / "config.json").write_text(json.dumps({"data": data}))
    solvers = {"ridge": {"10": {"personal": {"mean": value}}}}
    (workdir / "personalize.json").write_text(json.dumps({"solvers": solvers}))
  table = collect.collect(tmp_path)
  fields, metric = ["data.aesthetics", "data.auxiliary"], "test ridge k=10 srcc"
  (row,) = sweeps.over(table, ",".join(fields), fields, [metric], "").iter_rows(named=True)
  assert row["n"] == 3 and row[metric] == pytest.approx(np.mean(values))
  assert row[f"{metric} deviation"] == pytest.approx(np.std(values, ddof=1))
