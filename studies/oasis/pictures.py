"""Plots of the measurement on OASIS: gains with k, and two users who disagree as in Fig. 7."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from paiaa_jax import look

COLORS = {"empirical_bayes": look.BLUE, "taste": look.ORANGE, "ridge": look.PINK}


def gain_curve(
  shots: Sequence[int], gains: Mapping[str, Sequence[np.ndarray]], title: str
) -> Figure:
  """Mean gain over the generic score against k, with its 95 % band over users.

  Args:
    shots: k.
    gains: solver -> for each k the gain in SROCC of every user [u], their splits averaged.
    title: says who was measured.
  """
  figure = Figure(figsize=(4.8, 3.2), layout="constrained")
  axis = figure.subplots()
  for name, by_shots in gains.items():
    by_shots = [gain[np.isfinite(gain)] for gain in by_shots]
    mean = np.array([gain.mean() for gain in by_shots])
    half = np.array([1.96 * gain.std(ddof=1) / np.sqrt(len(gain)) for gain in by_shots])
    axis.plot(shots, mean, marker="o", markersize=4, color=COLORS[name], label=name)
    axis.fill_between(shots, mean - half, mean + half, color=COLORS[name], alpha=0.2, linewidth=0)
  axis.axhline(0, color="black", linewidth=0.8, linestyle=":")
  axis.set(xscale="log", xlabel="k, ratings of one's own", ylabel="gain in SROCC", title=title)
  axis.set_xticks(shots, [str(k) for k in shots])
  axis.minorticks_off()
  axis.spines[["top", "right"]].set_visible(False)
  axis.legend(frameon=False, fontsize=8)
  return figure


def two_people(
  images: Sequence[np.ndarray], generic: np.ndarray, scores: np.ndarray, ratings: np.ndarray
) -> Figure:
  """Photographs that two users have rated apart, with what was predicted for each of them.

  Args:
    images: n arrays [h, w, 3] uint8.
    generic: [n] scores in points.
    scores: [2, n] personal scores in points.
    ratings: [2, n] their own ratings, held out.
  """
  n = len(images)
  figure = Figure(figsize=(2.1 * n, 2.6), layout="constrained")
  for i, axis in enumerate(figure.subplots(1, n, squeeze=False)[0]):
    axis.imshow(images[i])
    axis.set_axis_off()
    lines = [f"generic {generic[i]:.1f}"]
    lines += [
      f"{name}: {scores[j, i]:.1f}, rated {ratings[j, i]:.0f}" for j, name in enumerate("AB")
    ]
    axis.set_title("\n".join(lines), fontsize=9)
  return figure
