"""Photographs with what the network says of them, as in Fig. 5."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from paiaa_jax import look
from paiaa_jax.distribution import mean_score

PREDICTED, TARGET = look.BLUE, look.ORANGE


def distributions_and_traits(
  images: Sequence[np.ndarray],
  predicted: np.ndarray,
  target: np.ndarray,
  traits: np.ndarray,
  score_values: Sequence[float],
  aux_names: Sequence[str],
) -> Figure:
  """One column a photograph: the image, its score distribution, its auxiliary outputs.

  Args:
    images: n arrays [h, w, 3] uint8.
    predicted: [n, b] distributions of the network.
    target: [n, b] distributions of the raters.
    traits: [n, k] in [-1, 1].
    score_values: [b], the score of each bucket.
    aux_names: [k].
  """
  n, values = len(images), np.asarray(score_values)
  means = [mean_score(np.asarray(shares, np.float64), values) for shares in (predicted, target)]
  bar = 0.8 * np.diff(values).min()
  figure = Figure(figsize=(2.3 * n, 5.4), layout="constrained")
  axes = figure.subplots(3, n, squeeze=False, height_ratios=(1.5, 1, 1))
  for i in range(n):
    top, middle, bottom = axes[:, i]
    top.imshow(images[i])
    top.set_axis_off()
    top.set_title(f"{means[0][i]:.2f}  (raters {means[1][i]:.2f})", fontsize=9)
    middle.bar(values, target[i], width=bar, color=TARGET, alpha=0.5, label="raters")
    middle.step(values, predicted[i], where="mid", color=PREDICTED, label="predicted")
    middle.set_ylim(0, max(predicted.max(), target.max()) * 1.1)
    bottom.barh(np.arange(len(aux_names)), traits[i], color=PREDICTED)
    bottom.axvline(0, color="black", linewidth=0.5)
    bottom.set_xlim(-np.abs(traits).max() * 1.1, np.abs(traits).max() * 1.1)
    bottom.set_yticks(
      np.arange(len(aux_names)), aux_names if i == 0 else [""] * len(aux_names), fontsize=8
    )
    bottom.invert_yaxis()
    for axis in (middle, bottom):
      axis.tick_params(labelsize=8)
      axis.spines[["top", "right"]].set_visible(False)
  axes[1, 0].legend(fontsize=7, frameon=False)
  return figure
