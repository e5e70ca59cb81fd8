"""What the quickstart's steps left in a workdir, read back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from paiaa_jax.apps import evaluate_model


def predictions(folder: Path, dataset: str) -> dict[str, Any]:
  """`agreement`, `frame` (a row an image) and `labels` of a database's test split."""
  stem = folder / "predictions" / f"{dataset}_test"
  return {
    "agreement": read_json(stem.with_suffix(".json")),
    "frame": evaluate_model.read_predictions(stem.with_suffix(".parquet")),
    "labels": np.load(stem.with_suffix(".npz")),
  }


def prepared(workdir: Path, dataset: str) -> Path:
  """The prepared folder of a database."""
  return workdir / "data" / "prepared" / dataset


def last_metric(folder: Path, metric: str) -> float:
  """The last value of a metric that a run logged."""
  lines = (folder / "metrics.jsonl").read_text().splitlines()
  return [json.loads(line)[metric] for line in lines if metric in line][-1]


def read_json(path: Path) -> Any:
  """A file's value; FileNotFoundError, saying what to run, where there is none."""
  if not path.is_file():
    raise FileNotFoundError(
      f"{path} is missing: run python -m launch.quickstart with this --workdir first."
    )
  return json.loads(path.read_text(encoding="utf-8"))
