"""Which commands a reproduction takes: the databases first, then one chain a run, in any order.

Every step is a command that a reader can run alone: module and flags of `python -m launch.VERB`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from studies.reproduce import (
  ablation,
  figure4,
  figure5,
  figure6,
  figure7,
  table1,
  table2,
  table3,
  table4,
  table5,
)
from studies.reproduce.runs import Need, Run
from studies.reproduce.study import AVA, FLICKR, PSYCHO, PSYCHO_SELF, Study

PARTS: Mapping[str, ModuleType] = {
  "table1": table1,
  "table2": table2,
  "table3": table3,
  "table4": table4,
  "table5": table5,
  "ablation": ablation,
  "figure4": figure4,
  "figure5": figure5,
  "figure6": figure6,
  "figure7": figure7,
}
SOURCES = {AVA: "AVA", FLICKR: "FLICKR-AES", PSYCHO: "PsychoFlickr", PSYCHO_SELF: "PsychoFlickr"}


class Step(NamedTuple):
  """One command of `launch`.

  Attributes:
    verb: module of launch.
    config: run config file; "" for a verb without one.
    fields: of the config, by dotted name.
    flags: all others.
  """

  verb: str
  config: str = ""
  fields: Mapping[str, Any] = {}
  flags: Mapping[str, Any] = {}

  @property
  def command(self) -> list[str]:
    """Module and flags, for `python -m`."""
    said = [f"--config={self.config}"] if self.config else []
    said += [f"--config.{field}={value}" for field, value in self.fields.items()]
    said += [f"--{flag}={value}" for flag, value in self.flags.items()]
    return [f"launch.{self.verb}", *said]

  @property
  def name(self) -> str:
    """Of its mark and log: the same whatever other steps its chain has."""
    return f"{self.verb}_{hashlib.sha256(repr(self.command).encode()).hexdigest()[:8]}"


class Chain(NamedTuple):
  """Steps that follow one another; chains of different names share nothing.

  Attributes:
    name: of the run.
    folder: where the marks and logs of its steps go.
    steps: in order.
  """

  name: str
  folder: Path
  steps: list[Step]


def databases(study: Study) -> Chain:
  """What has to be there before any run: a simulation's databases, and views of the folds."""
  steps = []
  if study.simulated:
    raw = study.workdir / "data" / "raw"
    steps.append(Step("simulate_data", flags={"out": raw, "seed": study.seeds[0]}))
    for name in (key for key in SOURCES if study.databases.get(key)):
      folder = study.prepared(name)
      flags = {"source": raw / SOURCES[name], "out": folder.parent, "name": folder.name}
      if name == PSYCHO_SELF:
        flags = {"dataset": PSYCHO, **flags, "option": "traits=self"}
      else:
        flags = {"dataset": name, **flags}
      steps.append(Step("prepare_data", flags=flags))
  for traits in study.traits:
    flags = {"prepared": study.prepared(traits), "folds": study.folds}
    steps.append(Step("make_folds", flags=flags))
  return Chain("databases", study.workdir / "steps", steps)


def chains(study: Study, parts: Iterable[str]) -> list[Chain]:
  """One chain for each run that any of these parts needs, in the order in which they ask."""
  return [
    Chain(run.name, run.folder(study) / "steps", _steps(study, run, needs))
    for run, needs in runs(study, parts).items()
  ]


def runs(study: Study, parts: Iterable[str]) -> dict[Run, list[Need]]:
  """Every run that these parts need, and what they need of it."""
  by_run: dict[Run, list[Need]] = {}
  for part in parts:
    for need in PARTS[part].needs(study):
      by_run.setdefault(need.run, []).append(need)
  return by_run


def _steps(study: Study, run: Run, needs: list[Need]) -> list[Step]:
  """Trains, evaluates on each split once, then personalises."""
  workdir, config = run.folder(study), run.config(study)
  steps = [Step("train", config, run.overrides(study), {"workdir": workdir})]
  features: dict[tuple[str, str], bool] = {}
  for need in needs:
    key = need.database, need.split
    features[key] = features.get(key, False) or need.features
  for (database, split), wanted in features.items():
    flags = {"workdir": workdir, "data": study.prepared(database), "split": split}
    steps.append(Step("evaluate", flags=flags | ({"features": True} if wanted else {})))
  stage2 = dict.fromkeys((need.database, need.personal) for need in needs if need.personal)
  for database, (name, shots, solvers, num_splits) in stage2:
    fields = _people(study, database, shots, num_splits)
    fields |= {"personalize.name": name, "personalize.solvers": solvers}
    steps.append(Step("personalize", config, fields, {"workdir": workdir}))
  for database in dict.fromkeys(need.database for need in needs if need.baselines):
    if study.baselines:
      flags = {"workdir": workdir, "only": ",".join(study.baselines)}
      fields = _people(study, database, study.shots, study.num_splits)
      steps.append(Step("baselines", config, fields, flags))
  return steps


def _people(study: Study, database: str, shots: tuple[int, ...], num_splits: int) -> dict[str, Any]:
  return {
    "data.aesthetics": str(study.prepared(database)),
    "personalize.shots": shots,
    "personalize.num_splits": num_splits,
  }
