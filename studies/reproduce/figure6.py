"""Fig. 6: each person's generic SROCC and what their ratings change; and the learning curve."""

from __future__ import annotations

import numpy as np

from paiaa_jax.reporting import figures
from paiaa_jax.reporting.page import Picture, Section
from studies import published
from studies.reproduce import table5
from studies.reproduce.results import Results
from studies.reproduce.runs import Need
from studies.reproduce.study import Study


def needs(study: Study) -> list[Need]:
  run = table5.pa_iaa(study)
  return [need for need in table5.needs(study) if need.run == run and need.personal]


def section(results: Results) -> Section:
  study, run = results.study, table5.pa_iaa(results.study)
  made = Section(f"Fig. 6: person by person ({study.raters})")
  if found := results.personal(run):
    k, solver = max(study.shots), found["headline"]
    users = found["solvers"][solver][str(k)]["users"]
    before, after = figures.before_and_after(users)
    title = f"k = {k}, {solver}: mean {np.mean(before):.3f} to {np.mean(after):.3f}"
    caption = (
      f"Each person's generic SROCC and what {k} ratings change ({study.raters}; {run.name}). "
      "Published, on real people: {generic} to {personalized}.".format(**published.FIGURE_6)
    )
    made.pictures.append(Picture("figure6", caption, figures.people_bars(before, after, title)))
  if found := results.personal(run, table5.CURVE):
    title = f"{found['people']} people ({study.raters})"
    caption = f"SROCC against the number of ratings; band: one deviation over repeats ({run.name})."
    figure = figures.learning_curve(found["solvers"], title)
    made.pictures.append(Picture("learning_curve", caption, figure))
  return made
