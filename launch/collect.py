"""One table of the runs under a folder: a row a run, its overrides and its last metrics.

python -m launch.collect --workdir=runs/rates [--metrics=srcc,srcc_aux] [--out=rates.csv]

Of each metric the last value of metrics.jsonl counts, on the validation split where it has one. Of
the configs' fields the table has those in which the runs differ.
"""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
from absl import flags
from rich.console import Console
from rich.table import Table

from launch import cli_errors
from paiaa_jax import files
from paiaa_jax.errors import UserError
from paiaa_jax.workdir import flatten

FLAGS = flags.FLAGS


def main(_) -> None:
  table = collect(Path(FLAGS.workdir))
  every = table.columns
  shown = every[: every.index("step") + 1] + [name for name in FLAGS.metrics if name in every]
  printed = Table(*shown)
  for row in table.select(shown).iter_rows():
    printed.add_row(*(f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row))
  Console().print(printed)
  if FLAGS.out:
    files.write_frame(FLAGS.out, table)


def collect(folder: Path) -> pl.DataFrame:
  """The table: run, the differing config fields, step, the metrics.

  Raises:
    UserError: where no folder under `folder` holds a run.
  """
  workdirs = sorted(path.parent for path in folder.rglob("metrics.jsonl"))
  if not workdirs:
    raise UserError(f"no run (metrics.jsonl) under {folder}.")
  configs = [flatten(files.read_json(path / "config.json")) for path in workdirs]
  fields = sorted({field for config in configs for field in config})
  differing = [f for f in fields if len({json.dumps(config.get(f)) for config in configs}) > 1]
  rows = [
    {"run": str(workdir.relative_to(folder))}
    | {field: config.get(field) for field in differing}
    | last_metrics(workdir / "metrics.jsonl")
    for workdir, config in zip(workdirs, configs, strict=True)
  ]
  return pl.DataFrame(rows, infer_schema_length=None)


def last_metrics(path: Path) -> dict[str, float]:
  """step, and the last value of each metric in a metrics.jsonl; a line cut short is left out."""
  latest = {}
  for line in files.read_bytes(path).splitlines():
    try:
      latest |= json.loads(line)
    except json.JSONDecodeError:
      continue
  latest.pop("time", None)
  validation = {k.removeprefix("validation/"): v for k, v in latest.items() if "/" in k}
  training = {f"training_{k}" if k in validation else k: v for k, v in latest.items()}
  return {k: v for k, v in training.items() if "/" not in k} | validation


if __name__ == "__main__":
  flags.DEFINE_string("workdir", None, "Folder with the runs' workdirs.", required=True)
  flags.DEFINE_list("metrics", ["srcc", "srcc_aux"], "Metrics to print.")
  flags.DEFINE_string("out", "", "Also write the table, with every metric, here as csv.")
  cli_errors.run(main)
