"""Table I: generic aesthetics on AVA, with NIMA's loss and both presets in the same engine."""

from __future__ import annotations

from collections.abc import Iterator

from paiaa_jax.reporting.page import Section
from paiaa_jax.reporting.table import Table
from studies import published
from studies.reproduce.results import Results
from studies.reproduce.rows import add_in_order
from studies.reproduce.runs import RELEASED, Need, Run
from studies.reproduce.study import AVA, PSYCHO, Study, backbone_title


def systems(study: Study) -> dict[str, Run]:
  """Method, as the table prints it -> run."""
  seed, found = study.seeds[0], {}
  for backbone in study.configs:
    title = backbone_title(backbone)
    found[f"NIMA({title})"] = Run("nima", backbone, AVA, seed=seed)
    found[f"{title}(aesthetics)"] = Run("aesthetics", backbone, AVA, seed=seed)
    found[f"PA_IAA({title})"] = Run("pa_iaa", backbone, AVA, PSYCHO, seed)
  if study.released:
    title = backbone_title(study.headline)
    run = Run("pa_iaa", study.headline, AVA, PSYCHO, seed, RELEASED)
    found[f"PA_IAA({title}), released scripts"] = run
  return found


def needs(study: Study) -> list[Need]:
  return [Need(run, AVA) for run in systems(study).values()]


def section(results: Results) -> Section:
  study = results.study
  title = f"Table I: generic aesthetics on AVA ({study.raters})"
  table = Table("table1", title, ("method", "ACC (%)", "SROCC", "EMD", "run"))
  add_in_order(table, published.TABLE_1, _measured(results))
  table.notes = [
    "ACC: mean score above 5 is high. 'always high' is what calling every image high scores.",
    "NIMA: the EMD loss on the same network, engine and steps; aesthetics: the task alone.",
  ]
  text = "Does the partner task help to say how beautiful people find a photograph?"
  return Section("Table I: generic aesthetics", text, [table])


def _measured(results: Results) -> Iterator[tuple[str, tuple]]:
  always = None
  for method, run in systems(results.study).items():
    if found := results.agreement(run, AVA):
      one = found["aesthetics"]
      always = one["always_high"]
      yield method, (100 * one["acc"], one["srcc"], one["emd"], run.name)
  if always is not None:
    yield "always high", (100 * always, None, None, "AVA's test labels")
