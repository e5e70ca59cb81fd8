"""Plots of stage 2: people as in Fig. 6, and how well stated intervals keep their word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from paiaa_jax import look

GENERIC, GAIN, LOSS = look.SOFT, look.BLUE, look.ORANGE


def before_and_after(users: Sequence[Mapping[str, Any]]) -> tuple[list[float], list[float]]:
  """Generic and personal SROCC of the people who have both; who rates all alike has neither."""
  pairs = [(user["srcc_generic"], user["srcc_personal"]) for user in users]
  defined = [pair for pair in pairs if None not in pair]
  return [before for before, _ in defined], [after for _, after in defined]


def people_bars(generic: ArrayLike, personal: ArrayLike, title: str) -> Figure:
  """Fig. 6: one bar a person, the generic SROCC and what personalising adds or takes.

  Args:
    generic, personal: [n] SROCC of each person, their splits averaged.
    title: names the solver, k, and 'simulated raters' where they are.
  """
  order = np.argsort(generic)
  before, after = np.asarray(generic)[order], np.asarray(personal)[order]
  place = np.arange(len(order))
  figure = Figure(figsize=(5.6, 3.2), layout="constrained")
  axis = figure.subplots()
  axis.bar(place, np.minimum(before, after), color=GENERIC, label="generic")
  gained = after >= before
  for mask, color, label in ((gained, GAIN, "gained"), (~gained, LOSS, "lost")):
    low, high = np.minimum(before, after)[mask], np.maximum(before, after)[mask]
    axis.bar(place[mask], high - low, bottom=low, color=color, label=label)
  axis.axhline(0, color="black", linewidth=0.5)
  axis.axhline(before.mean(), color=GENERIC, linestyle=":", linewidth=1)
  axis.axhline(after.mean(), color=GAIN, linestyle=":", linewidth=1)
  axis.set(title=title, xlabel="users, by their generic SROCC", ylabel="SROCC", xticks=[])
  axis.use_sticky_edges = False  # room below a bar that is negative
  axis.autoscale_view()
  axis.spines[["top", "right"]].set_visible(False)
  axis.legend(frameon=False, fontsize=8, ncols=3)
  return figure


def coverage_by_person(coverage: ArrayLike, width: ArrayLike, level: float) -> Figure:
  """Each person's share of held-out ratings within their interval, against its mean width.

  Args:
    coverage: [n] in 0..1, one a person.
    width: [n] in points, one a person.
    level: the share that the intervals promise.
  """
  figure = Figure(figsize=(4.6, 3.2), layout="constrained")
  axis = figure.subplots()
  axis.scatter(width, coverage, s=18, color=GAIN, alpha=0.8)
  axis.axhline(level, color="black", linewidth=0.8, linestyle=":")
  axis.set(
    xlabel="mean width of a user's intervals, points", ylabel="ratings within", ylim=(0, 1.03)
  )
  axis.set_title(f"promised {level:.0%}, kept {np.asarray(coverage).mean():.1%}", fontsize=10)
  axis.spines[["top", "right"]].set_visible(False)
  return figure


def learning_curve(solvers: Mapping[str, Mapping[str, Mapping[str, Any]]], title: str) -> Figure:
  """SROCC against the number of ratings, a line a solver, its band one deviation over repeats.

  Args:
    solvers: `solvers` of personalize.json: a summary for each solver and k. Held-out images grow
      fewer as k grows, so the generic line moves too.
    title: names the people, and 'simulated raters' where they are.
  """
  figure = Figure(figsize=(5.4, 3.4), layout="constrained")
  axis = figure.subplots()
  axis.set_prop_cycle(color=look.CYCLE)
  generic = next(iter(solvers.values()))
  axis.plot(*_line(generic, "generic")[:2], color=GENERIC, linestyle=":", label="generic")
  for solver, by_shots in solvers.items():
    shots, mean, std = _line(by_shots, "personal")
    (line,) = axis.plot(shots, mean, marker="o", markersize=3, label=solver)
    axis.fill_between(
      shots, mean - std, mean + std, color=line.get_color(), alpha=0.15, linewidth=0
    )
  axis.set(title=title, xlabel="ratings of a person", ylabel="SROCC on the others", xscale="log")
  axis.set_xticks(shots, [f"{k:g}" for k in shots])
  axis.minorticks_off()
  axis.spines[["top", "right"]].set_visible(False)
  axis.legend(frameon=False, fontsize=8)
  return figure


def _line(
  by_shots: Mapping[str, Mapping[str, Any]], side: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
  """k, mean and deviation of `personal` or `generic`, by k; NaN where undefined."""
  order = sorted(by_shots, key=int)
  numbers = [[by_shots[k][side][part] for k in order] for part in ("mean", "std")]
  return np.asarray(order, float), *np.asarray(numbers, float)
