"""Tables and figures for a person's eyes: what a terminal shows instead of csv.

Paths are folded, never cut nor read as markup, so that they can be copied; numbers stay whole at
80 columns.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from paiaa_jax.models import vector
from paiaa_jax.models.weights.model_folder import ModelFolder
from paiaa_jax.photos.names import printable
from paiaa_jax.photos.table import Row

if TYPE_CHECKING:
  from paiaa_jax.photos.stars import Plan

LEVELS = " ▁▂▃▄▅▆▇█"
BINS = 16  # of a histogram
BAR = 40  # characters of its longest bar
KEPT, REFUSED = "yours, kept", "left alone"
HAPPENS = ("written", "would be written", "same already", KEPT, REFUSED)
LETTERS = 5  # of a trait's name above its column


def is_terminal() -> bool:
  """Whether somebody is looking at stdout."""
  return sys.stdout.isatty()


def show_ranking(rows: Sequence[Row], bursts: Sequence[int]) -> None:
  """Rows of `rank.COLUMNS`, best first; bursts: of the whole library, whose takes are counted."""
  table = _table("your score", "", "people's", "percentile", "take")
  takes = Counter(bursts)
  for place, row in enumerate(rows, start=1):
    half = row["personal_high"] - row["personal_score"]
    count = takes[row["burst"]]
    table.add_row(
      str(place),
      Text(row["path"], overflow="fold"),
      f"{row['personal_score']:.2f}",
      f"[dim]± {half:.2f}[/dim]",
      f"{row['aesthetic_score']:.2f}",
      f"{row['percentile']:.1f}",
      f"{row['burst_place']} of {count}" if count > 1 else "",
    )
  Console().print(table)


def show_scores(rows: Sequence[Row], model: ModelFolder) -> None:
  """Rows of `paiaa score`, in the order given: score, distribution as a sparkline, traits."""
  buckets = vector.bucket_columns(len(model.score_values))
  table = _table("score", "people", *(name[:LETTERS] for name in model.aux_names))
  for place, row in enumerate(rows, start=1):
    table.add_row(
      str(place),
      Text(row["path"], overflow="fold"),
      f"{row['aesthetic_score']:.2f}",
      sparkline([row[name] for name in buckets]),
      *(f"{row[name]:+.2f}" for name in model.aux_names),
    )
  Console().print(table)


def show_stars(plans: Sequence[Plan]) -> None:
  """How many photographs have which stars and what happens to them; then each that is refused."""
  happens = [_happens(one.what) for one in plans]
  what = [each for each in HAPPENS if each in happens]
  table = Table(box=None, pad_edge=False, header_style="bold")
  for name in ("stars", *what):
    table.add_column(name, justify="left" if name == "stars" else "right", no_wrap=True)
  counts = Counter((one.stars, how) for one, how in zip(plans, happens, strict=True))
  for stars in sorted({one.stars for one in plans}, reverse=True):
    mark = "★" * int(stars) if stars > 0 else "rejected"
    table.add_row(mark, *(str(counts[stars, each] or "") for each in what))
  Console().print(table)
  for one, how in zip(plans, happens, strict=True):
    if how == REFUSED:
      print(f"{printable(one.path)}: {printable(one.what)}")


def _happens(what: str) -> str:
  """A plan's `what` as one of HAPPENS."""
  named = {"write": "would be written", "written": "written", "keep: same stars": "same already"}
  return named.get(what, KEPT if what.startswith("keep: ") else REFUSED)


def sparkline(shares: Sequence[float] | np.ndarray) -> str:
  """One character a share; the largest is a full block."""
  full, largest = len(LEVELS) - 1, max(*shares, 1e-9)
  return "".join(LEVELS[round(full * (share / largest))] for share in shares)


def histogram(scores: Sequence[float]) -> list[str]:
  """Lines of a lying histogram from the lowest of scores [n] to the highest, n > 0."""
  counts, edges = np.histogram(scores, bins=min(BINS, max(1, len(scores) // 4)))
  unit, width = BAR / counts.max(), float(edges[1] - edges[0])
  digits = max(2, 1 - math.floor(math.log10(width))) if width > 0 else 2  # edges must differ
  return [
    f"{low:{4 + digits}.{digits}f} to {high:{3 + digits}.{digits}f} "
    f"{'█' * round(unit * count):{BAR}} {count}"
    for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
  ]


def _table(*numbers: str) -> Table:
  """Place, photograph, and a right-aligned column for each name."""
  table = Table(box=None, pad_edge=False, header_style="bold")
  table.add_column("", justify="right", no_wrap=True)
  table.add_column("photograph", overflow="fold", min_width=16)
  for name in numbers:
    table.add_column(name, justify="right", no_wrap=True)
  return table
