"""Fig. 7: two people who differ, and photographs that each of them sees otherwise than the crowd.

People are chosen by their fitted weights, photographs by ratings alone; what is predicted for a
photograph has no say in whether it is shown.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from paiaa_jax import look
from paiaa_jax.apps import personalize_users
from paiaa_jax.data import images, records
from paiaa_jax.personalization import evaluation
from paiaa_jax.personalization.splits import Protocol, draw_splits
from paiaa_jax.personalization.users import Users
from paiaa_jax.reporting.page import Picture, Section
from paiaa_jax.types import TRAITS, Array
from studies.reproduce import table5
from studies.reproduce.results import Results
from studies.reproduce.runs import Need
from studies.reproduce.study import FLICKR, Study

SHOWN = 3  # photographs a person: loved more than by the crowd, alike, loved less
SIDE = 200  # pixels
COLOR = look.BLUE


class Shown(NamedTuple):
  """A photograph that a person has rated and the fit has not seen; scores in points.

  Attributes:
    image: its key.
    crowd: mean of all raters.
    rated: by this person.
    predicted: the personal score.
    traits: [k] predicted.
  """

  image: str
  crowd: float
  rated: float
  predicted: float
  traits: np.ndarray


def needs(study: Study) -> list[Need]:
  return [Need(table5.pa_iaa(study), FLICKR)]


def section(results: Results) -> Section:
  study, run = results.study, table5.pa_iaa(results.study)
  title = f"Fig. 7: two people ({study.raters})"
  frame, labels = results.frame(run, FLICKR), results.labels(run, FLICKR)
  if frame is None or labels is None:
    return Section(title)
  prepared = study.prepared(FLICKR)
  inputs = personalize_users.read(run.folder(study), prepared)
  source = records.open_split(prepared, "test")
  scale = records.read_manifest(prepared)["scale"]
  crowd = dict(zip(frame["path"], labels["mean_score"].tolist(), strict=True))
  pair = _two_people(inputs, study, crowd)
  low, high = scale[0], scale[-1]
  picture = _draw(pair, source, low, high)
  caption = (
    f"{' and '.join(map(str, pair))}: of all pairs, the one whose weights are least alike after "
    f"{max(study.shots)} ratings ({study.solvers[0]}; {run.name}). Photographs held out from the "
    "fit; scores 0..1, traits -1..1."
  )
  return Section(title, "", [], [Picture("figure7", caption, picture)])


def _two_people(
  inputs: personalize_users.Inputs, study: Study, crowd: dict[str, float]
) -> dict[str, list[Shown]]:
  """user -> photographs, of the two whose weights point apart most; `crowd` has image -> mean."""
  users, k = inputs.rated.users, max(study.shots)
  splits = draw_splits(users, Protocol((k,), num_splits=1, seed=study.seeds[0]))
  found = evaluation.evaluate(study.solvers[0], users, splits)
  weights, intercept = found.weights[0, :, 0], found.intercept[0, :, 0]
  personal = users.generic + np.einsum("unk,uk->un", users.outputs, weights) + intercept[:, None]
  held_out = splits.held_out(k)[..., 0]
  return {
    str(users.user_ids[u]): _choose(users, u, held_out[u], crowd, personal[u])
    for u in _least_alike(weights, held_out.sum(axis=1) >= SHOWN)
  }


def _least_alike(weights: Array, eligible: Array) -> tuple[int, int]:
  """The pair of users of lowest cosine; weights [u, k]."""
  unit = weights / np.maximum(np.linalg.norm(weights, axis=1, keepdims=True), 1e-9)
  cosine = np.where(np.outer(eligible, eligible), unit @ unit.T, np.inf)
  a, b = np.unravel_index(np.argmin(cosine), cosine.shape)
  return int(a), int(b)


def _choose(users: Users, u: int, held_out: Array, crowd: dict, personal: Array) -> list[Shown]:
  """Of a person's held-out photographs: farthest above the crowd, nearest to it, farthest below."""
  rows = np.flatnonzero(held_out)
  names = users.image_ids[users.row[u, rows]]
  means = np.array([crowd[name] for name in names])
  order = np.argsort(means - users.ratings[u, rows], kind="stable")
  places = order[np.linspace(0, len(rows) - 1, SHOWN).round().astype(int)]
  return [
    Shown(
      image=str(users.image_ids[users.row[u, row]]),
      crowd=float(mean),
      rated=float(users.ratings[u, row]),
      predicted=float(personal[row]),
      traits=np.asarray(users.images.outputs[users.row[u, row]]),
    )
    for row, mean in zip(rows[places], means[places], strict=True)
  ]


def _draw(pair: dict[str, list[Shown]], source, low: float, high: float) -> Figure:
  figure = Figure(figsize=(2.6 * SHOWN, 7.6), layout="constrained")
  axes = figure.subplots(4, SHOWN, height_ratios=(1.6, 1, 1.6, 1))
  row_of = {name: row for row, name in enumerate(source.names)}
  for block, (user, photographs) in enumerate(pair.items()):
    for i, shown in enumerate(photographs):
      top, bottom = axes[2 * block, i], axes[2 * block + 1, i]
      top.imshow(images.load(source[row_of[shown.image]]["image"], SIDE, shown.image))
      top.set_axis_off()
      crowd, rated, predicted = ((s - low) / (high - low) for s in shown[1:4])
      said = f"crowd {crowd:.2f}, rated {rated:.2f}\npersonal score {predicted:.2f}"
      top.set_title(f"{user}\n{said}" if i == 0 else said, fontsize=8)
      bottom.bar([name[0].upper() for name in TRAITS], shown.traits, color=COLOR)
      bottom.axhline(0, color="black", linewidth=0.5)
      reach = max(np.abs(p.traits).max() for p in photographs) * 1.1
      bottom.set_ylim(-reach, reach)
      bottom.tick_params(labelsize=8)
      bottom.spines[["top", "right"]].set_visible(False)
  return figure
