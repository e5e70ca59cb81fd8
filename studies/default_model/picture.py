"""README's first picture: the ten best of a library by people in general, and by one person.

The library is a fold's photographs, which the model that scores them never saw; the person is one
of OASIS's raters, who was not among those that the heads learned from, and of whose ratings in the
fold twenty are known to the profile.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from paiaa_jax.data import images
from paiaa_jax.files import atomic_write
from paiaa_jax.personalization import posterior
from studies.default_model import heads, measure, taste
from studies.default_model.heads import Inputs
from studies.oasis.study import Study, distribution

RATED, BEST, SIDE = 20, 10, 240  # ratings; photographs of a row; pixels


def draw(data: Study, inputs: Inputs, out: Path) -> str:
  """Draws both rows into a .jpg; returns who the person is, and what they gave the ten."""
  fold = measure.draw_folds(inputs.names, measure.SEEDS[0])
  library = fold == 0
  person = _person(data, library)
  others = np.delete(data.ratings, person, axis=0)
  seen = inputs._replace(shares=distribution(others, data.scale))
  fitted = heads.fit(seen, ~library)
  category = measure.categories(data)
  training = heads.part(seen, ~library)
  prior = taste.fit_prior(training, others[:, ~library], category[~library], float(fitted["width"]))
  photographs = taste.view(fitted, inputs.features[library])
  own = data.ratings[person, library].astype(np.float64)
  rated = np.flatnonzero(~np.isnan(own))[:RATED]
  learnt = posterior.fit(prior, photographs.take(rated), own[rated])
  rest = np.setdiff1d(np.arange(len(own)), rated)
  paths = np.asarray(data.paths)[library]
  rows = [
    rest[np.argsort(-scores[rest])[:BEST]]
    for scores in (photographs.generic, learnt.score(photographs))
  ]
  _sheet([paths[row] for row in rows], out)
  given = [[f"{x:g}" for x in own[row] if not np.isnan(x)] for row in rows]
  return (
    f"rater {data.users[person]}, {RATED} ratings; of the ten in general they rated "
    f"{', '.join(given[0]) or 'none'}, of their ten {', '.join(given[1]) or 'none'}"
  )


def _person(data: Study, library: np.ndarray) -> int:
  """The rater with the most ratings in the library that the profile does not know."""
  return int(np.argmax(np.sum(~np.isnan(data.ratings[:, library]), axis=1)))


def _sheet(rows: list, out: Path) -> None:
  from matplotlib.figure import Figure

  figure = Figure(figsize=(14, 3.3), facecolor="#16181a")
  titles = ("ten best to people in general", f"ten best to one person, after {RATED} ratings")
  for row, (paths, title) in enumerate(zip(rows, titles, strict=True)):
    for column, path in enumerate(paths):
      axis = figure.add_axes((0.006 + 0.0994 * column, 0.03 + 0.5 * (1 - row), 0.094, 0.37))
      axis.set_axis_off()
      image = images.load(path, min_side=SIDE)
      image.thumbnail((SIDE, SIDE))
      axis.imshow(np.asarray(image))
      if column == 0:
        axis.set_title(title, loc="left", color="#e8e6e1", fontsize=11)
  with atomic_write(out) as draft:
    figure.savefig(draft, dpi=110, format="jpg", pil_kwargs={"quality": 82})
