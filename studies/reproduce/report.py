"""All parts of a reproduction -> tables, figures and one page; what is missing is not printed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from paiaa_jax.reporting import page
from paiaa_jax.reporting.table import Table, print_tables
from studies.reproduce import plan
from studies.reproduce.results import MOVED, Results
from studies.reproduce.study import Study, database_title


def write(study: Study, parts: Sequence[str]) -> Path:
  """Writes report.html, tables/ and figures/ into the workdir, and prints the tables.

  Returns:
    The page's path.
  """
  results = Results(study)
  sections = [plan.PARTS[part].section(results) for part in parts]
  sections = [section for section in sections if section.tables or section.pictures]
  sections.append(_runs(results, parts))
  lead = (
    "The paper's tables and figures, measured here on "
    f"{', '.join(database_title(name) for name in study.databases)} ({study.raters}), beside the "
    "published figures. Every row is one or the other, and says which."
  )
  title = "Personality-assisted image aesthetics, reproduced"
  path = page.write(study.workdir, title, lead, sections, _facts(results))
  print_tables(table for section in sections for table in section.tables)
  return path


def _runs(results: Results, parts: Sequence[str]) -> page.Section:
  """What every run was trained on and for how long."""
  study = results.study
  columns = ("run", "seed", "databases", "steps", "images a stream", "backbone moved", "model")
  table = Table("runs", f"The networks ({study.raters})", columns)
  for run in plan.runs(study, parts):
    config, moved = results.config(run), results.backbone_moved(run)
    if config and moved is not None:
      names = " + ".join(map(database_title, filter(None, (run.aesthetics, run.auxiliary))))
      steps, batch = int(results.metric(run, "step") or 0), config["optim"]["batch_size"]
      model = results.model_id(run)
      table.add(run.name, run.seed, names, steps, batch, moved, model)
  table.notes = [MOVED]
  return page.Section("The networks", "", [table])


def _facts(results: Results) -> dict[str, str]:
  study = results.study
  facts = {
    "databases": ", ".join(f"{name}: {folder}" for name, folder in study.databases.items()),
    "overrides": ", ".join(f"{field}={value}" for field, value in study.overrides.items()),
    "seeds": ", ".join(map(str, study.seeds)),
    "versions": page.versions(),
    "commands": "each run's steps/ folder holds its commands and what they printed",
  }
  if results.missing:
    facts["not measured yet"] = ", ".join(results.missing)
  return facts
