"""A table with its origin: every row was measured here or is published, and says which."""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import rich.table
from rich.console import Console

from paiaa_jax import files

MEASURED, PUBLISHED, PLANTED = "measured here", "published", "planted"
Cell = str | int | float | None


@dataclass(frozen=True)
class Row:
  """One row: its cells in the table's column order, and where they come from."""

  cells: tuple[Cell, ...]
  origin: str = MEASURED


@dataclass
class Table:
  """Rows under named columns, shown alike on a terminal, in a page, as csv, json and LaTeX.

  Attributes:
    name: file stem, e.g. "table5".
    title: says 'simulated raters' where the rows rest on them.
    columns: names; the column `origin` is added behind them.
    notes: lines below the table: what was left out, which solver, how intervals were made.
  """

  name: str
  title: str
  columns: tuple[str, ...]
  rows: list[Row] = field(default_factory=list)
  notes: list[str] = field(default_factory=list)

  def add(self, *cells: Cell, origin: str = MEASURED) -> None:
    """Appends a row; a wrong number of cells is a ValueError."""
    if len(cells) != len(self.columns):
      raise ValueError(f"{self.name}: {len(cells)} cells for {len(self.columns)} columns.")
    self.rows.append(Row(cells, origin))

  @property
  def header(self) -> tuple[str, ...]:
    """The names of all columns, `origin` last."""
    return (*self.columns, "origin")

  def texts(self) -> list[tuple[str, ...]]:
    """Every row as text, its origin last."""
    return [(*map(as_text, row.cells), row.origin) for row in self.rows]

  def to_terminal(self) -> rich.table.Table:
    """For rich to print; rows that were not measured here are dim."""
    shown = rich.table.Table(
      title=self.title, title_justify="left", caption="\n".join(self.notes) or None
    )
    shown.caption_justify = "left"
    for i, name in enumerate(self.header):
      shown.add_column(name, justify="right" if 0 < i < len(self.columns) else "left")
    for row, texts in zip(self.rows, self.texts(), strict=True):
      shown.add_row(*texts, style=None if row.origin == MEASURED else "dim")
    return shown

  def to_json(self) -> dict:
    """{"name", "title", "rows": a dict each, "notes"}, ready for JSON."""
    rows = [
      {**dict(zip(self.columns, map(_finite, row.cells), strict=True)), "origin": row.origin}
      for row in self.rows
    ]
    return {"name": self.name, "title": self.title, "rows": rows, "notes": self.notes}

  def to_latex(self) -> str:
    """A booktabs tabular; published rows stand apart below a rule."""
    lines = [
      f"% {self.title}",
      r"\begin{tabular}{l" + "r" * (len(self.columns) - 1) + "l}",
      r"\toprule",
    ]
    lines.append(_latex_row(self.header))
    previous = None
    for row, texts in zip(self.rows, self.texts(), strict=True):
      if row.origin != previous:
        lines.append(r"\midrule")
      previous = row.origin
      lines.append(_latex_row(texts))
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"

  def write(self, folder: Path) -> None:
    """Writes <folder>/<name>.csv, .json and .tex."""
    with (
      files.atomic_write(folder / f"{self.name}.csv") as draft,
      draft.open("w", newline="", encoding="utf-8") as file,
    ):
      writer = csv.writer(file)
      writer.writerow(self.header)
      writer.writerows((*row.cells, row.origin) for row in self.rows)
    text = json.dumps(self.to_json(), indent=1, ensure_ascii=False)
    files.write_text(folder / f"{self.name}.json", text + "\n")
    files.write_text(folder / f"{self.name}.tex", self.to_latex())


def print_tables(tables: Iterable[Table]) -> None:
  """Prints tables, as wide as the terminal; into a file or pipe, 140 columns wide."""
  console = Console() if sys.stdout.isatty() else Console(width=140)
  for table in tables:
    console.print(table.to_terminal())


def as_text(cell: Cell) -> str:
  """A number to three decimals, nothing for what does not exist."""
  if cell is None or (isinstance(cell, float) and math.isnan(cell)):
    return "-"
  return f"{cell:.3f}" if isinstance(cell, float) else str(cell)


def mean_std(values: Sequence[float | None]) -> Cell:
  """(mean, standard deviation) -> '.543 ± .003', as in Table V; either may be undefined."""
  mean, std = values
  return mean if mean is None or std is None else f"{mean:.3f} ± {std:.3f}"


def mean_std_of(side: Mapping[str, float | None]) -> Cell:
  """The same of one side of a summary, which has them by name."""
  return mean_std((side["mean"], side["std"]))


def interval(low: float, high: float) -> str:
  """An interval as text."""
  return f"[{low:.3f}, {high:.3f}]"


def _finite(cell: Cell) -> Cell:
  return None if isinstance(cell, float) and not math.isfinite(cell) else cell


def _latex_row(texts: Sequence[str]) -> str:
  escapes = {"&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "±": r"$\pm$"}
  return " & ".join("".join(escapes.get(c, c) for c in text) for text in texts) + r" \\"
