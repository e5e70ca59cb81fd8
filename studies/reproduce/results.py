"""What the runs of a reproduction left on disk, read back; None where it is not there yet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from paiaa_jax import files
from paiaa_jax.apps import evaluate_model
from paiaa_jax.models.weights import model_folder
from studies import run_folder
from studies.reproduce.runs import Run
from studies.reproduce.study import Study

MOVED = "Backbone moved: norm of the change of its weights over their norm."


class Results:
  """The runs' outputs by run and database.

  Attributes:
    study: whose runs they are.
    missing: names of what was asked for and is not there; in order, each once.
  """

  def __init__(self, study: Study):
    self.study = study
    self.missing: dict[str, None] = {}

  def agreement(self, run: Run, database: str) -> dict[str, Any] | None:
    """predict.agreement's result on the test split."""
    return self._json(run, f"predictions/{self._stem(database)}_test.json")

  def frame(self, run: Run, database: str) -> pl.DataFrame | None:
    """Predictions on the test split, a row an image."""
    path = self._path(run, f"predictions/{self._stem(database)}_test.parquet")
    return None if path is None else evaluate_model.read_predictions(path)

  def labels(self, run: Run, database: str) -> dict[str, np.ndarray] | None:
    """`distribution` [n, b] and `aux` [n, k] of the test split, in the rows of `frame`."""
    path = self._path(run, f"predictions/{self._stem(database)}_test.npz")
    return None if path is None else files.read_arrays(path)

  def personal(self, run: Run, name: str = "") -> dict[str, Any] | None:
    """What launch.personalize wrote under that name."""
    return self._json(run, f"personalize{'_' + name if name else ''}.json")

  def baselines(self, run: Run) -> dict[str, Any] | None:
    """What launch.baselines wrote."""
    return self._json(run, "baselines.json")

  def metric(self, run: Run, name: str) -> float | None:
    """The last value that a run logged; None too where it has not come to that yet."""
    path = self._path(run, "metrics.jsonl")
    if path is None or f'"{name}"' not in files.read_bytes(path).decode():
      return None
    return run_folder.last_metric(run.folder(self.study), name)

  def backbone_moved(self, run: Run) -> str | None:
    """As a table's cell; MOVED says what it is."""
    moved = self.metric(run, "backbone_change_relative")
    return None if moved is None else f"{100 * moved:.2g} %"

  def model_id(self, run: Run) -> str | None:
    """Of the weights that the run's figures come from."""
    if self._path(run, "model/config.json") is None:
      return None
    return model_folder.model_id(run.folder(self.study) / "model")

  def config(self, run: Run) -> dict[str, Any] | None:
    """The resolved run config."""
    return self._json(run, "config.json")

  def _stem(self, database: str) -> str:
    return self.study.prepared(database).name

  def _json(self, run: Run, name: str) -> Any:
    path = self._path(run, name)
    return None if path is None else files.read_json(path)

  def _path(self, run: Run, name: str) -> Path | None:
    path = run.folder(self.study) / name
    if path.is_file():
      return path
    self.missing[f"{run.name}/{name}"] = None
    return None
