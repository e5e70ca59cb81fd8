"""Why a photograph has its personal score: a sum, which is the score itself.

generic score, what weighing it otherwise adds, outputs x weights, likeness to rated photographs
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from paiaa_jax import look
from paiaa_jax.data import images
from paiaa_jax.errors import UserError
from paiaa_jax.files import atomic_write
from paiaa_jax.models import vector
from paiaa_jax.models.weights.model_folder import ModelFolder
from paiaa_jax.personalization.profile import Profile
from paiaa_jax.photos.names import printable
from paiaa_jax.photos.personal import photographs_of
from paiaa_jax.photos.score import Photo

BAR = 16  # characters of the longest bar, to either side
PULLS = 3  # rated photographs that are named, up and down
ADDS, TAKES, TOTAL = look.BLUE, look.ORANGE, look.INK
PICTURE, THUMBNAIL = 640, 160  # pixels of the longer side on the card
FOLLOWING = "you follow them"  # less or more than one for one
TASTE = "like what you rated"
KINDLY = "how kindly you rate"


class Pull(NamedTuple):
  """A rated photograph: its name or number, its file if known, what was told of it, its points."""

  name: str
  path: Path | None
  told: str
  added: float


class Sum(NamedTuple):
  """What one photograph's personal score is made of.

  Attributes:
    distribution: [b] of people in general.
    generic: their mean, points.
    steps: (what, how, points) of each part; with `generic` they add up to `personal`.
    pulls: the rated photographs whose likeness adds most, then those that take most.
    personal: points; half: half of the interval that holds the score nine times in ten.
    scale: lowest and highest score.
  """

  distribution: np.ndarray
  generic: float
  steps: list[tuple[str, str, float]]
  pulls: list[Pull]
  personal: float
  half: float
  scale: tuple[float, float]


def sum_of(
  photo: Photo, model: ModelFolder, profile: Profile, known: dict[str, Path] | None = None
) -> Sum:
  """Takes one photograph's score apart; `known`: hex digest -> file of rated photographs."""
  if photo.vector is None or photo.coordinates is None:
    raise UserError(f"{photo.path}: {photo.error}")
  one = photographs_of(photo.vector[None], photo.coordinates[None], model)
  parts = profile.parts(one)
  outputs = zip(profile.aux_names, one.outputs[0], profile.weights, parts.outputs[0], strict=True)
  steps = [(FOLLOWING, "", float(parts.following[0]))]
  steps += [(name, f"{value:+.3f} x {by:+.3f}", float(added)) for name, value, by, added in outputs]
  pulls: list[Pull] = []
  if parts.taste.size:
    steps.append((TASTE, "", float(parts.taste[0].sum())))
    pulls = _pulls(parts.taste[0], profile, known or {})
  steps.append((KINDLY, "", parts.level))
  return Sum(
    distribution=vector.distribution_of(photo.vector, model),
    generic=float(parts.generic[0]),
    steps=steps,
    pulls=pulls,
    personal=float(profile.score(one)[0]),
    half=float(profile.half_width(one)[0]),
    scale=profile.scale,
  )


def _pulls(taste: np.ndarray, profile: Profile, known: dict[str, Path]) -> list[Pull]:
  found = []
  for i in strongest(taste):
    digest = profile.digests[i] if profile.digests else ""
    path = known.get(digest)
    name = printable(path.name) if path else f"rated photograph {i + 1}"
    found.append(Pull(name, path, profile.given.words(i), float(taste[i])))
  return found


def strongest(taste: np.ndarray) -> list[int]:
  """Which rated photographs [n] add most by their likeness, then which take most."""
  order = np.argsort(-taste).tolist()
  up = [i for i in order[:PULLS] if taste[i] > 0]
  return up + [i for i in order[::-1][:PULLS] if taste[i] < 0]


def lines(path: Path, found: Sum) -> list[str]:
  """The card of one photograph as text of up to 80 columns; its last sum is of those above."""
  from paiaa_jax.photos.terminal import sparkline

  longest = max(*(abs(added) for _, _, added in found.steps), 1e-9)
  people = sparkline(found.distribution)
  card = [
    printable(path),
    f"{'':20}{'output x weight':>17}{'points':>9}",
    f"{'people in general':20}{people:>17}{found.generic:9.3f}",
  ]
  for name, product, added in found.steps:
    bar = "█" * round(BAR * abs(added) / longest)
    both = f"{bar:>{BAR}}│" if added < 0 else f"{'':{BAR}}│{bar}"
    card.append(f"{name[:20]:20}{product:>17}{added:+9.3f} {both}".rstrip())
  low, high = found.scale
  sure = f"± {found.half:.2f}, on {low:g} to {high:g}"
  card.append(f"{'you':20}{'':17}{found.personal:9.3f} {sure}")
  for up in (True, False):
    named = [
      f"{pull.name} ({pull.told}: {pull.added:+.2f})"
      for pull in found.pulls
      if (pull.added > 0) == up
    ]
    if named:
      card.append(f"{'drawn up by' if up else 'drawn down by':20}{', '.join(named)}")
  return card


def draw(path: Path, found: Sum, trained_on: str, out: Path) -> None:
  """The card as a picture: the photograph, its distribution, each part, the photographs that pull.

  Raises:
    UserError: a photograph that cannot be read, or a place that cannot be written.
  """
  from matplotlib.figure import Figure
  from matplotlib.layout_engine import ConstrainedLayoutEngine

  shown = [pull for pull in found.pulls if pull.path]
  figure = Figure(figsize=(11, 5.2 if shown else 3.8), layout=ConstrainedLayoutEngine(wspace=0.04))
  heights = (3.8, 1.4) if shown else (3.8,)
  rows = np.asarray(figure.subfigures(len(heights), 1, squeeze=False, height_ratios=heights))
  picture, spread, sums = rows[0, 0].subplots(1, 3, width_ratios=(1.25, 0.7, 1.5))
  _show(picture, path, PICTURE)
  picture.set_title(printable(Path(path.name)), loc="left", fontsize=10, parse_math=False)
  _draw_people(spread, found)
  _draw_sum(sums, found)
  if shown:
    axes = rows[1, 0].subplots(1, 2 * PULLS, squeeze=False)[0]
    for axis in axes:
      axis.set_axis_off()
    for axis, pull in zip(axes, shown, strict=False):
      _show(axis, pull.path, THUMBNAIL)
      axis.set_title(f"{_gave(pull.told)}: {pull.added:+.2f}", fontsize=8)
  if trained_on:
    figure.supxlabel(f"the model learned from {trained_on}", fontsize=7, color=look.SOFT)
  with atomic_write(out) as draft:
    figure.savefig(draft, dpi=150, format="png")


def _gave(told: str) -> str:
  return f"you gave {told}" if told[0].isdigit() else f"you {told} it"


def _show(axis, path: Path | None, side: int) -> None:
  axis.set_axis_off()
  image = images.load(Path(path or ""), min_side=side)
  image.thumbnail((side, side))
  axis.imshow(np.asarray(image))


def _draw_people(axis, found: Sum) -> None:
  low, high = found.scale
  values = np.linspace(low, high, len(found.distribution))
  width = 0.75 * (high - low) / (len(values) - 1)
  axis.bar(values, 100 * found.distribution, color=TOTAL, width=width)
  axis.axvline(found.generic, color=look.SOFT, linewidth=1, linestyle=":")
  axis.set_xticks(values)
  axis.set_yticks([])
  axis.spines[["top", "right", "left"]].set_visible(False)
  axis.tick_params(length=0)
  for value, share in zip(values, found.distribution, strict=True):
    axis.text(value, 100 * share, f"{100 * share:.0f}%", ha="center", va="bottom", fontsize=8)
  axis.set_title(f"people in general: {found.generic:.2f}", loc="left", fontsize=11)
  axis.set_xlabel("score")


def _draw_sum(axis, found: Sum) -> None:
  """A waterfall from the generic score to the personal one, each step with its points."""
  added = np.asarray([step for _, _, step in found.steps])
  level = found.generic + np.concatenate([[0], np.cumsum(added)])
  rows = np.arange(1, len(added) + 1)
  axis.barh(rows, added, left=level[:-1], color=[ADDS if x >= 0 else TAKES for x in added])
  for row, start in zip(range(len(added) + 1), level, strict=True):
    axis.plot([start, start], [row, row + 1], color=look.SOFT, linewidth=0.7)
  dots = {"markersize": 7, "color": TOTAL}
  axis.plot(found.generic, 0, "o", **dots)
  axis.errorbar(found.personal, len(added) + 1, xerr=found.half, fmt="o", capsize=4, **dots)
  for row, step in zip(rows, added, strict=True):
    right = max(level[row - 1 : row + 1])
    axis.annotate(
      f"{step:+.2f}", (right, row), (5, 0), textcoords="offset points", va="center", fontsize=8
    )
  names = ["people in general", *(name for name, _, _ in found.steps), "you"]
  axis.set_yticks(range(len(names)), names)
  axis.set_ylim(len(names) - 0.4, -0.6)
  axis.tick_params(axis="y", length=0)
  axis.use_sticky_edges = False
  axis.margins(x=0.1)
  axis.spines[["top", "right", "left"]].set_visible(False)
  axis.set_title(f"you: {found.personal:.2f} ± {found.half:.2f}", loc="left", fontsize=11)
  axis.set_xlabel(f"score, from {found.scale[0]:g} to {found.scale[1]:g}")
