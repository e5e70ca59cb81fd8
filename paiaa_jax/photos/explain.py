"""Why a photograph has its personal score: generic + weight x trait, which is the score itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from paiaa_jax.data import images
from paiaa_jax.models.model_folder import ModelFolder
from paiaa_jax.personalization.profile import Profile
from paiaa_jax.photos.personal import Parts, parts_of, traits_of
from paiaa_jax.photos.score import Photo, printable

BAR = 24  # characters of the longest bar
ADDS, TAKES = "#1f6f63", "#b4552d"
PICTURE = 640  # pixels of the longer side on the card


def lines(photo: Photo, model: ModelFolder, profile: Profile) -> list[str]:
  """The card as text; its last figure is the sum of those above."""
  parts = parts_of(photo.vector, model, profile)
  half = float(profile.half_width(traits_of(photo.vector[None], model))[0])
  low, high = profile.scale
  longest = max([abs(added) for _, _, added in parts.traits] + [1e-9])
  card = [printable(photo.path), f"{'to people in general':32}{parts.generic:8.3f}"]
  for name, trait, added in parts.traits:
    bar = ("+" if added >= 0 else "-") * round(BAR * abs(added) / longest)
    card.append(f"{f'{name} {trait:+.2f}':32}{added:+8.3f}  {bar}")
  card.append(f"{'how kindly you rate':32}{parts.intercept:+8.3f}")
  sure = f"of {low:g} to {high:g}, give or take {half:.2f}"
  card.append(f"{'to you':32}{parts.personal:8.3f}  {sure}")
  return card


def draw(photo: Photo, model: ModelFolder, profile: Profile, out: Path) -> None:
  """The card as a picture: the photograph, its score distribution, what each trait adds.

  Raises:
    ValueError, OSError: a photograph that cannot be read, or a place that cannot be written.
  """
  from matplotlib.figure import Figure

  parts = parts_of(photo.vector, model, profile)
  figure = Figure(figsize=(10, 3.6), layout="constrained")
  picture, spread, sums = figure.subplots(1, 3, width_ratios=(1.3, 0.8, 1.2))
  image = images.load(photo.path, min_side=PICTURE)
  image.thumbnail((PICTURE, PICTURE))
  picture.imshow(np.asarray(image))
  picture.set_axis_off()
  spread.bar(model.score_values, photo.vector[: len(model.score_values)], color=ADDS)
  spread.set(title=f"people: {parts.generic:.2f}", xlabel="score", ylabel="share of people")
  _draw_sum(sums, parts)
  for axis in (spread, sums):
    axis.spines[["top", "right"]].set_visible(False)
  figure.savefig(out, dpi=150)


def _draw_sum(axis, parts: Parts) -> None:
  """A waterfall from the generic score to the personal one."""
  steps = [(f"{name} {trait:+.2f}", added) for name, trait, added in parts.traits]
  steps.append(("how kindly you rate", parts.intercept))
  added = np.asarray([step for _, step in steps])
  start = parts.generic + np.concatenate([[0], np.cumsum(added)[:-1]])
  rows = np.arange(len(steps))
  axis.barh(rows, added, left=start, color=[ADDS if step >= 0 else TAKES for step in added])
  axis.axvline(parts.generic, color="grey", linewidth=0.8)
  axis.axvline(parts.personal, color="black", linewidth=0.8)
  axis.set_yticks(rows, [name for name, _ in steps])
  axis.invert_yaxis()
  axis.use_sticky_edges = False
  axis.margins(x=0.08)
  axis.set(title=f"you: {parts.personal:.2f}", xlabel="score")
