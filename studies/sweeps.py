"""Runs of a sweep put together: means over seeds or folds, and a page with their curves."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paiaa_jax import files, look
from paiaa_jax.errors import UserError
from paiaa_jax.reporting import page
from paiaa_jax.reporting.page import Picture, Section
from paiaa_jax.reporting.table import Cell, Table, interval, mean_std
from studies.paired import paired

CURVES = {"loss": "loss", "lr_heads": "rate of the heads", "validation/srcc": "validation SROCC"}


def over(
  table: pl.DataFrame, field: str, settings: Sequence[str], metrics: Sequence[str], against: str
) -> pl.DataFrame:
  """One row a setting: n, and of each metric its mean and deviation over `field`.

  Args:
    table: a row a run, as launch.collect makes it.
    field: that the runs of one setting differ in, such as seed; several, by commas, where they
      change together.
    settings: the columns that tell settings apart; `field` among them does not.
    metrics: columns of numbers.
    against: "FIELD=VALUE,..": the setting from which the others' differences are told, each run's
      from the one of the same `field`, with Student's 95 % interval; "": none.

  Raises:
    UserError: no such field, a setting with two runs of one `field`, or none like `against`.
  """
  field, *beside = field.split(",")
  if field not in table.columns:
    raise UserError(f"--over={field}: the runs do not differ in it; they do in {settings}.")
  keys = [name for name in settings if name not in (field, *beside)]
  told = table.with_columns(pl.col(keys).cast(pl.String)) if keys else table
  if told.select(*keys, field).is_duplicated().any():
    raise UserError(f"--over={field}: two runs of one setting have the same {field}.")
  groups = told.group_by(keys, maintain_order=True) if keys else [((), told)]
  first = _setting(told, keys, against) if against else None
  rows = []
  for values, runs in groups:
    row: dict[str, Any] = {**dict(zip(keys, values, strict=True)), "n": len(runs)}
    for metric in metrics:
      row |= {metric: runs[metric].mean(), f"{metric} deviation": runs[metric].std()}
      if first is not None:
        row |= _difference(runs, first, field, metric)
    rows.append(row)
  return pl.DataFrame(rows, infer_schema_length=None)


def _setting(table: pl.DataFrame, keys: Sequence[str], against: str) -> pl.DataFrame:
  """The runs of the setting that `against` names."""
  chosen = table
  for part in against.split(","):
    field, _, value = part.partition("=")
    if field not in keys:
      raise UserError(f"--against={against}: the settings differ in {', '.join(keys)}.")
    chosen = chosen.filter(pl.col(field) == value)
  if chosen.is_empty():
    there = table[keys[0]].unique().to_list()
    raise UserError(f"--against={against}: no such runs; {keys[0]} is one of {there}.")
  return chosen


def _difference(
  runs: pl.DataFrame, first: pl.DataFrame, field: str, metric: str
) -> dict[str, float | None]:
  """gain, low, high of a metric over the runs that both settings have."""
  both = runs.join(first.select(field, theirs=pl.col(metric)), field).drop_nulls(metric)
  gap = (both[metric] - both["theirs"]).drop_nulls().to_list()
  names = [f"{metric} {what}" for what in ("gain", "low", "high")]
  if len(gap) < 2 or not np.any(gap):  # one pair, or the setting itself
    return dict.fromkeys(names)
  return dict(zip(names, paired(gap), strict=True))


def table(name: str, title: str, frame: pl.DataFrame) -> Table:
  """A frame to be read: of `over`'s columns, a mean has its deviation, and a gain its interval."""
  behind = (" deviation", " low", " high")
  columns = [column for column in frame.columns if not column.endswith(behind)]
  found = Table(name, title, tuple(columns))
  for row in frame.iter_rows(named=True):
    found.add(*(_cell(row, column) for column in columns))
  return found


def _cell(row: Mapping[str, Any], column: str) -> Cell:
  if f"{column} deviation" in row:
    return mean_std((row[column], row[f"{column} deviation"]))
  whole = column.removesuffix(" gain")
  if column != whole and row[column] is not None:
    return f"{row[column]:+.3f} {interval(row[f'{whole} low'], row[f'{whole} high'])}"
  value = row[column]
  return f"{value:.4g}" if isinstance(value, float) else value  # a rate is no metric


def write_page(folder: Path, runs: Mapping[str, Path], tables: Sequence[Table]) -> Path:
  """Writes <folder>/report.html: the tables, and each run's loss, rate and validation.

  Args:
    folder: of the page, tables/ and figures/.
    runs: name -> workdir.
    tables: of all of them.
  """
  sections = [Section(one.title, "", [one]) for one in tables]
  lines = {name: read_metrics(workdir) for name, workdir in runs.items()}
  caption = "A line a run; runs of one setting have its colour."
  picture = Picture("curves", caption, curves(lines))
  sections.append(Section("Curves", "", [], [picture]))
  lead = f"{len(runs)} runs; every number is the last that a run wrote, unless it says best."
  return page.write(folder, "Runs side by side", lead, sections, {"runs": ", ".join(runs)})


def curves(lines: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
  """Loss, rate and validation against the step, a line for each run's lines of metrics."""
  figure = Figure(figsize=(9.6, 3.4), layout="constrained")
  settings = dict.fromkeys(name.rpartition(",")[0] for name in lines)  # all but the last, the seed
  colors = dict(zip(settings, itertools.cycle(look.CYCLE), strict=False))
  for axis, (metric, title) in zip(figure.subplots(1, len(CURVES)), CURVES.items(), strict=True):
    for name, own in lines.items():
      points = [(line["step"], line[metric]) for line in own if line.get(metric) is not None]
      color = colors[name.rpartition(",")[0]]
      axis.plot(*zip(*points, strict=True) if points else ((), ()), color=color, linewidth=1)
    axis.set(title=title, xlabel="step")
    axis.spines[["top", "right"]].set_visible(False)
  if 1 < len(colors) <= len(look.CYCLE):
    keys = [Line2D([], [], color=color, label=setting) for setting, color in colors.items()]
    figure.legend(handles=keys, loc="outside lower center", ncols=3, frameon=False, fontsize=8)
  return figure


def read_metrics(workdir: Path) -> list[dict[str, Any]]:
  """The lines of a run's metrics.jsonl; one cut short is left out."""
  found = []
  for line in files.read_bytes(workdir / "metrics.jsonl").splitlines():
    try:
      found.append(json.loads(line))
    except json.JSONDecodeError:
      continue
  return found
