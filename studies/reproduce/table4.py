"""Table IV: the predicted generic score beside the predicted traits."""

from __future__ import annotations

from paiaa_jax.reporting.page import Section
from paiaa_jax.reporting.table import PLANTED, PUBLISHED, Table
from paiaa_jax.types import TRAITS
from studies import oracle, published
from studies.reproduce.results import Results
from studies.reproduce.runs import Need
from studies.reproduce.study import Study, database_title
from studies.reproduce.table3 import DATABASES, trained_on


def needs(study: Study) -> list[Need]:
  return [Need(trained_on(study, a), a) for a in DATABASES]


def section(results: Results) -> Section:
  study = results.study
  title = f"Table IV: SROCC of the generic score with each trait, both predicted ({study.raters})"
  table = Table("table4", title, ("database", *published.LETTERS, "run"))
  for database in DATABASES:
    name, run = database_title(database), trained_on(study, database)
    table.add(name, *published.TABLE_4[name], None, origin=PUBLISHED)
    if found := results.agreement(run, database):
      table.add(name, *(found["score_with_traits"][trait] for trait in TRAITS), run.name)
  if study.simulated:
    _add_planted(table, study)
  return Section("Table IV: the score and the traits", "", [table])


def _add_planted(table: Table, study: Study) -> None:
  """What the simulation was told; not a finding."""
  truth = study.workdir / "data" / "raw" / "truth"
  if truth.is_dir():
    planted = oracle.score_with_traits(truth).values()
    table.add("planted", *planted, "the simulation's own state", origin=PLANTED)
