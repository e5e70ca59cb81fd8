"""Why a photograph has its personal score: generic + weight x trait, which is the score itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from paiaa_jax.data import images
from paiaa_jax.files import atomic_write
from paiaa_jax.models import vector
from paiaa_jax.models.weights.model_folder import ModelFolder
from paiaa_jax.personalization.profile import Profile
from paiaa_jax.photos.names import printable
from paiaa_jax.photos.personal import Parts, parts_of

BAR = 16  # characters of the longest bar, to either side
ADDS, TAKES, TOTAL = "#1f6f63", "#b4552d", "#33383d"
PICTURE = 640  # pixels of the longer side on the card
KINDLY = "how kindly you rate"


def lines(path: Path, row: np.ndarray, model: ModelFolder, profile: Profile) -> list[str]:
  """The card of one photograph, `row` [b + k] by the network, as text of up to 80 columns.

  Its last figure is the sum of those above.
  """
  from paiaa_jax.photos.terminal import sparkline

  parts = parts_of(row, model, profile)
  low, high = profile.scale
  people = sparkline(vector.distribution_of(row, model))
  steps = [
    (name, f"{trait:+.3f} x {weight:+.3f}", added)
    for (name, trait, added), weight in zip(parts.traits, profile.weights, strict=True)
  ]
  steps.append((KINDLY, "", parts.intercept))
  longest = max(*(abs(added) for _, _, added in steps), 1e-9)
  card = [
    printable(path),
    f"{'':20}{'trait x weight':>17}{'points':>9}",
    f"{'people in general':20}{people:>17}{parts.generic:9.3f}",
  ]
  for name, product, added in steps:
    bar = "█" * round(BAR * abs(added) / longest)
    both = f"{bar:>{BAR}}│" if added < 0 else f"{'':{BAR}}│{bar}"
    card.append(f"{name[:20]:20}{product:>17}{added:+9.3f} {both}".rstrip())
  sure = f"± {_half(row, model, profile):.2f}, on {low:g} to {high:g}"
  card.append(f"{'you':20}{'':17}{parts.personal:9.3f} {sure}")
  return card


def draw(path: Path, row: np.ndarray, model: ModelFolder, profile: Profile, out: Path) -> None:
  """The card as a picture: the photograph, its score distribution, what each trait adds.

  Raises:
    UserError: a photograph that cannot be read, or a place that cannot be written.
  """
  from matplotlib.figure import Figure
  from matplotlib.layout_engine import ConstrainedLayoutEngine

  parts = parts_of(row, model, profile)
  figure = Figure(figsize=(11, 3.8), layout=ConstrainedLayoutEngine(wspace=0.04))
  picture, spread, sums = figure.subplots(1, 3, width_ratios=(1.25, 0.7, 1.5))
  image = images.load(path, min_side=PICTURE)
  image.thumbnail((PICTURE, PICTURE))
  picture.imshow(np.asarray(image))
  picture.set_axis_off()
  picture.set_title(printable(Path(path.name)), loc="left", fontsize=10, parse_math=False)
  _draw_people(spread, model, vector.distribution_of(row, model), parts.generic)
  _draw_sum(sums, parts, _half(row, model, profile), profile.scale)
  with atomic_write(out) as draft:
    figure.savefig(draft, dpi=150, format="png")


def _half(row: np.ndarray, model: ModelFolder, profile: Profile) -> float:
  return float(profile.half_width(vector.outputs_of(row[None], model))[0])


def _draw_people(axis, model: ModelFolder, distribution: np.ndarray, mean: float) -> None:
  axis.bar(model.score_values, 100 * distribution, color=TOTAL, width=0.75)
  axis.axvline(mean, color="grey", linewidth=1, linestyle=":")
  axis.set_xticks(model.score_values)
  axis.set_yticks([])
  axis.spines[["top", "right", "left"]].set_visible(False)
  axis.tick_params(length=0)
  for value, share in zip(model.score_values, distribution, strict=True):
    axis.text(value, 100 * share, f"{100 * share:.0f}%", ha="center", va="bottom", fontsize=8)
  axis.set_title(f"people in general: {mean:.2f}", loc="left", fontsize=11)
  axis.set_xlabel("score")


def _draw_sum(axis, parts: Parts, half: float, scale: tuple[float, float]) -> None:
  """A waterfall from the generic score to the personal one, each step with its points."""
  steps = [(f"{name} {trait:+.2f}", added) for name, trait, added in parts.traits]
  steps.append((KINDLY, parts.intercept))
  added = np.asarray([step for _, step in steps])
  level = parts.generic + np.concatenate([[0], np.cumsum(added)])
  rows = np.arange(1, len(steps) + 1)
  axis.barh(rows, added, left=level[:-1], color=[ADDS if x >= 0 else TAKES for x in added])
  for row, start in zip(range(len(steps) + 1), level, strict=True):
    axis.plot([start, start], [row, row + 1], color="grey", linewidth=0.7)
  dots = {"markersize": 7, "color": TOTAL}
  axis.plot(parts.generic, 0, "o", **dots)
  axis.errorbar(parts.personal, len(steps) + 1, xerr=half, fmt="o", capsize=4, **dots)
  for row, step in zip(rows, added, strict=True):
    right = max(level[row - 1 : row + 1])
    axis.annotate(
      f"{step:+.2f}", (right, row), (5, 0), textcoords="offset points", va="center", fontsize=8
    )
  names = ["people in general", *(name for name, _ in steps), "you"]
  axis.set_yticks(range(len(names)), names)
  axis.set_ylim(len(names) - 0.4, -0.6)
  axis.tick_params(axis="y", length=0)
  axis.use_sticky_edges = False
  axis.margins(x=0.1)
  axis.spines[["top", "right", "left"]].set_visible(False)
  axis.set_title(f"you: {parts.personal:.2f} ± {half:.2f}", loc="left", fontsize=11)
  axis.set_xlabel(f"score, from {scale[0]:g} to {scale[1]:g}")
