"""Plots of stage 2: people as in Fig. 6, and how well stated intervals keep their word."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

GENERIC, GAIN, LOSS = "#8aa4a0", "#1f6f63", "#b5523b"


def people_bars(generic: Sequence[float], personal: Sequence[float], title: str) -> Figure:
  """Fig. 6: one bar a person, the generic SROCC and what personalising adds or takes.

  Args:
    generic, personal: SROCC of each person, their splits averaged.
    title: names the solver, k, and 'simulated raters' where they are.
  """
  generic, personal = np.asarray(generic), np.asarray(personal)
  order = np.argsort(generic)
  generic, personal = generic[order], personal[order]
  place = np.arange(len(generic))
  figure = Figure(figsize=(8.5, 3.2), layout="constrained")
  axis = figure.subplots()
  axis.bar(place, np.minimum(generic, personal), color=GENERIC, label="generic")
  gained = personal >= generic
  for mask, color, label in ((gained, GAIN, "gained"), (~gained, LOSS, "lost")):
    low, high = np.minimum(generic, personal)[mask], np.maximum(generic, personal)[mask]
    axis.bar(place[mask], high - low, bottom=low, color=color, label=label)
  axis.axhline(generic.mean(), color=GENERIC, linestyle=":", linewidth=1)
  axis.axhline(personal.mean(), color=GAIN, linestyle=":", linewidth=1)
  axis.set(title=title, xlabel="people, by their generic SROCC", ylabel="SROCC", xticks=[])
  axis.spines[["top", "right"]].set_visible(False)
  axis.legend(frameon=False, fontsize=8, ncols=3)
  return figure


def coverage_by_person(coverage: Sequence[float], width: Sequence[float], level: float) -> Figure:
  """Each person's share of held-out ratings within their interval, against its mean width.

  Args:
    coverage: 0..1, one a person.
    width: in points, one a person.
    level: the share that the intervals promise.
  """
  figure = Figure(figsize=(4.6, 3.2), layout="constrained")
  axis = figure.subplots()
  axis.scatter(width, coverage, s=18, color=GAIN, alpha=0.8)
  axis.axhline(level, color="black", linewidth=0.8, linestyle=":")
  axis.set(
    xlabel="mean width of a person's intervals, points", ylabel="ratings within", ylim=(0, 1.03)
  )
  axis.set_title(f"promised {level:.0%}, kept {np.mean(coverage):.1%}", fontsize=10)
  axis.spines[["top", "right"]].set_visible(False)
  return figure
