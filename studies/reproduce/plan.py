"""Which commands a reproduction takes: the databases first, then one chain a run, in any order.

Every step is a command that a reader can run alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
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
from studies.steps import Command, Step

_MODULES = (
  *(table1, table2, table3, table4, table5, ablation),
  *(figure4, figure5, figure6, figure7),
)
PARTS = {module.__name__.rpartition(".")[2]: module for module in _MODULES}
SOURCES = {AVA: "AVA", FLICKR: "FLICKR-AES", PSYCHO: "PsychoFlickr", PSYCHO_SELF: "PsychoFlickr"}


class Chain(NamedTuple):
  """Steps that follow one another; chains of different names share nothing.

  Attributes:
    name: of the run.
    folder: of the steps' marks and logs.
    steps: in order; each is named after what it writes.
  """

  name: str
  folder: Path
  steps: list[Step]


def databases(study: Study) -> Chain:
  """What has to be there before any run: a simulation's databases, and views of the folds."""
  steps, after = [], ()
  if study.simulated:
    raw, after = study.workdir / "data" / "raw", ("simulate",)
    flags = {"out": raw, "seed": study.seeds[0]}
    steps.append(Step("simulate", "simulate raters", Command("simulate_data", flags=flags)))
    for name in (key for key in SOURCES if study.databases.get(key)):
      folder = study.prepared(name)
      flags = {"dataset": name, "source": raw / SOURCES[name]}
      flags |= {"out": folder.parent, "name": folder.name}
      if name == PSYCHO_SELF:
        flags |= {"dataset": PSYCHO, "option": "traits=self"}
      prepare = Command("prepare_data", flags=flags)
      steps.append(Step(f"prepare_{name}", f"prepare {name}", prepare, after))
  for traits in study.traits:
    flags = {"prepared": study.prepared(traits), "folds": study.folds}
    folds = Command("make_folds", flags=flags)
    steps.append(Step(f"folds_{traits}", f"folds of {traits}", folds, after))
  return Chain("databases", study.workdir / "steps", steps)


def chains(study: Study, parts: Iterable[str]) -> list[Chain]:
  """One chain for each run that any of these parts needs, in the order in which they ask."""
  return [
    Chain(run.name, run.folder(study) / "steps", list(_steps(study, run, needs)))
    for run, needs in runs(study, parts).items()
  ]


def runs(study: Study, parts: Iterable[str]) -> dict[Run, list[Need]]:
  """Every run that these parts need, and what they need of it."""
  by_run: dict[Run, list[Need]] = {}
  for part in parts:
    for need in PARTS[part].needs(study):
      by_run.setdefault(need.run, []).append(need)
  return by_run


def _steps(study: Study, run: Run, needs: list[Need]) -> Iterator[Step]:
  """Trains, evaluates on each split once, then personalises."""
  workdir, config, after = run.folder(study), run.config(study), ("train",)
  train = Command("train", config, run.overrides(study), {"workdir": workdir})
  yield Step("train", "train", train)
  features: dict[tuple[str, str], bool] = {}
  for need in needs:
    key = need.database, need.split
    features[key] = features.get(key, False) or need.features
  for (database, split), wanted in features.items():
    flags = {"workdir": workdir, "data": study.prepared(database), "split": split}
    name = f"evaluate_{database}_{split}" + ("_features" if wanted else "")
    evaluate = Command("evaluate", flags=flags | ({"features": True} if wanted else {}))
    yield Step(name, f"evaluate on {database}, {split}", evaluate, after)
  stage2 = dict.fromkeys((need.database, need.personal) for need in needs if need.personal)
  for database, (name, shots, solvers, num_splits) in stage2:
    fields = _people(study, database, shots, num_splits)
    fields |= {"personalize.name": name, "personalize.solvers": solvers}
    personalize = Command("personalize", config, fields, {"workdir": workdir})
    yield Step(f"personalize_{name}", f"personalize {name}".strip(), personalize, after)
  for database in dict.fromkeys(need.database for need in needs if need.baselines):
    if study.baselines:
      flags = {"workdir": workdir, "only": ",".join(study.baselines)}
      fields = _people(study, database, study.shots, study.num_splits)
      yield Step("baselines", "baselines", Command("baselines", config, fields, flags), after)


def _people(study: Study, database: str, shots: tuple[int, ...], num_splits: int) -> dict[str, Any]:
  return {
    "data.aesthetics": str(study.prepared(database)),
    "personalize.shots": shots,
    "personalize.num_splits": num_splits,
    "personalize.prior": "test_shots",  # predictions out of fold would take five trainings a run
  }
