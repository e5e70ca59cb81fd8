"""Prints the runs under a folder as one table: of each run, its overrides and its last metrics.

python -m launch.collect --workdir=runs/rates [--metrics=srcc,srcc_aux] [--out=rates.csv]
python -m launch.collect --workdir=runs/rates --over=seed [--against=optim.lr_heads=0.001]
python -m launch.collect ... --report=DIR                one page of all, with the runs' curves

A run's row holds the config's fields in which the runs differ, and the last value of each metric in
metrics.jsonl, of the validation split where there is one. It also holds the best SROCC of that
split, the SROCC of each test split that launch.evaluate measured, and what launch.personalize
measured after k ratings. --over=FIELD averages the runs that differ in this field alone, or in
several that change together, and prints their number, mean and deviation. --against names a
setting; of each other setting the paired difference from it is printed, with its 95 % interval.
"""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
from absl import flags

from launch import cli_errors
from paiaa_jax import files
from paiaa_jax.errors import UserError
from paiaa_jax.workdir import flatten

FLAGS = flags.FLAGS


def main(_) -> None:
  from paiaa_jax.reporting.table import print_tables
  from studies import sweeps

  folder = Path(FLAGS.workdir)
  table = collect(folder)
  every = table.columns
  settings = every[1 : every.index("step")]
  extra = [name for name in every if name.startswith(("best ", "test "))]
  metrics = [name for name in FLAGS.metrics if name in every] + extra
  tables = {"A row a run": table.select(every[: every.index("step") + 1] + metrics)}
  if FLAGS.over:
    table = sweeps.over(table, FLAGS.over, settings, metrics, FLAGS.against)
    tables = {f"Over {FLAGS.over}": table} | tables
  told = [sweeps.table(f"table{i + 1}", *titled) for i, titled in enumerate(tables.items())]
  print_tables(told[:1])
  if FLAGS.out:
    files.write_frame(FLAGS.out, table)
  if FLAGS.report:
    runs = {str(path.relative_to(folder)): path for path in _workdirs(folder)}
    print(f"report: {sweeps.write_page(Path(FLAGS.report), runs, told)}")


def collect(folder: Path) -> pl.DataFrame:
  """The table: run, the differing config fields, step, the metrics.

  Raises:
    UserError: where no folder under `folder` holds a run.
  """
  workdirs = _workdirs(folder)
  configs = [flatten(files.read_json(path / "config.json")) for path in workdirs]
  fields = sorted({field for config in configs for field in config})
  differing = [f for f in fields if len({json.dumps(config.get(f)) for config in configs}) > 1]
  rows = [
    {"run": str(workdir.relative_to(folder))}
    | {field: config.get(field) for field in differing}
    | last_metrics(workdir / "metrics.jsonl")
    | tested(workdir)
    for workdir, config in zip(workdirs, configs, strict=True)
  ]
  return pl.DataFrame(rows, infer_schema_length=None)


def _workdirs(folder: Path) -> list[Path]:
  workdirs = sorted(path.parent for path in folder.rglob("metrics.jsonl"))
  if not workdirs:
    raise UserError(f"no run (metrics.jsonl) under {folder}.")
  return workdirs


def tested(workdir: Path) -> dict[str, float]:
  """SROCC on each test split that was measured, by "test DATABASE srcc"; a trait's mean as well.

  And of each solver's personal scores, by "test SOLVER k=K srcc".
  """
  found = {}
  for path in sorted((workdir / "predictions").glob("*_test.json")):
    said, database = files.read_json(path), path.stem.removesuffix("_test")
    if "aesthetics" in said:
      found[f"test {database} srcc"] = said["aesthetics"]["srcc"]
    if "auxiliary" in said:
      values = list(said["auxiliary"].values())
      found[f"test {database} srcc_aux"] = sum(values) / len(values)
  personal = workdir / "personalize.json"
  solvers = files.read_json(personal)["solvers"] if personal.is_file() else {}
  for solver, by_shots in solvers.items():
    for k, one in by_shots.items():
      found[f"test {solver} k={k} srcc"] = one["personal"]["mean"]
  return found


def last_metrics(path: Path) -> dict[str, float]:
  """step, the last value of each metric in a metrics.jsonl, and the best of several SROCC.

  A line cut short is left out.
  """
  latest, measured = {}, []
  for line in files.read_bytes(path).splitlines():
    try:
      latest |= (told := json.loads(line))
      measured += [told["validation/srcc"]] if told.get("validation/srcc") is not None else []
    except json.JSONDecodeError:
      continue
  latest.pop("time", None)
  validation = {k.removeprefix("validation/"): v for k, v in latest.items() if "/" in k}
  training = {f"training_{k}" if k in validation else k: v for k, v in latest.items()}
  best = {"best srcc": max(measured)} if len(measured) > 1 else {}
  return {k: v for k, v in training.items() if "/" not in k} | validation | best


if __name__ == "__main__":
  flags.DEFINE_string("workdir", None, "Folder with the runs' workdirs.", required=True)
  flags.DEFINE_list("metrics", ["srcc", "srcc_aux"], "Metrics to print.")
  flags.DEFINE_string("over", "", "Fields, such as seed, over which means are taken.")
  flags.DEFINE_string("against", "", "FIELD=VALUE,.. of the setting to compare with, for --over.")
  flags.DEFINE_string("report", "", "A folder for one page of the tables and the runs' curves.")
  flags.DEFINE_string("out", "", "Also write the table, with every metric, here as csv.")
  cli_errors.run(main)
