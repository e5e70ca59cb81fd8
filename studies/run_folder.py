"""What the quickstart's steps left in a workdir, read back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from paiaa_jax import files
from paiaa_jax.apps import evaluate_model

MAKE = "run python -m launch.quickstart with this --workdir first"


def predictions(folder: Path, dataset: str) -> dict[str, Any]:
  """`agreement`, `frame` (a row an image) and `labels` of a database's test split."""
  stem = folder / "predictions" / f"{dataset}_test"
  return {
    "agreement": read_json(stem.with_suffix(".json")),
    "frame": evaluate_model.read_predictions(stem.with_suffix(".parquet")),
    "labels": files.read_arrays(stem.with_suffix(".npz"), MAKE),
  }


def prepared(workdir: Path, dataset: str) -> Path:
  """The prepared folder of a database."""
  return workdir / "data" / "prepared" / dataset


def last_metric(folder: Path, metric: str) -> float:
  """The last value of a metric that a run logged."""
  lines = files.read_bytes(folder / "metrics.jsonl").decode().splitlines()
  return [json.loads(line)[metric] for line in lines if metric in line][-1]


def read_json(path: Path) -> Any:
  """A file's value; a UserError says what to run where there is none."""
  return files.read_json(path, MAKE)
