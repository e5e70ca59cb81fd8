"""Table III: the generic score across databases, trained on one and tested on another."""

from __future__ import annotations

import numpy as np

from paiaa_jax.reporting.page import Section
from paiaa_jax.reporting.table import PUBLISHED, Table
from studies import published
from studies.reproduce.results import Results
from studies.reproduce.runs import Need, Run
from studies.reproduce.study import AVA, FLICKR, PSYCHO, Study, database_title

DATABASES = (AVA, FLICKR)


def trained_on(study: Study, database: str) -> Run:
  """The headline PA_IAA with this database's scores."""
  return Run("pa_iaa", study.headline, database, PSYCHO, study.seeds[0])


def needs(study: Study) -> list[Need]:
  return [Need(trained_on(study, a), b) for a in DATABASES for b in DATABASES]


def section(results: Results) -> Section:
  study = results.study
  titles = [database_title(name) for name in DATABASES]
  title = f"Table III: SROCC of the generic score across databases ({study.raters})"
  table = Table("table3", title, ("trained on", *titles, "average", "run"))
  for database, name in zip(DATABASES, titles, strict=True):
    figures = [published.TABLE_3[name, other] for other in titles]
    table.add(name, *figures, float(np.mean(figures)), None, origin=PUBLISHED)
    run = trained_on(study, database)
    found = [one for other in DATABASES if (one := results.agreement(run, other))]
    if len(found) == len(DATABASES):
      srcc = [one["aesthetics"]["srcc"] for one in found]
      table.add(name, *srcc, float(np.mean(srcc)), run.name)
  table.notes = [
    "Ten buckets and five meet in their mean scores (Eq. 3), of which only ranks are compared."
  ]
  if study.simulated:
    table.notes.append("The simulated databases show the same photographs to different raters.")
  return Section("Table III: across databases", "", [table])
