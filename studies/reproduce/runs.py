"""The networks behind the tables: each is one run of launch.train, known by its name.

The name says system, backbone, databases, seed and preset, so that a table's row needs no more to
say where it comes from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from studies.reproduce.study import Study

SYSTEMS: dict[str, dict[str, Any]] = {  # system -> fields of the run config
  "aesthetics": {"train.tasks": "aesthetics"},
  "personality": {"train.tasks": "auxiliary"},
  "nima": {"train.tasks": "aesthetics", "train.distribution_loss": "emd"},
  "pa_iaa": {"train.tasks": "joint"},
  "mt_iaa": {
    "train.tasks": "joint",
    "data.auxiliary_target": "distribution",
    "model.aux_activation": "softmax",
  },
}
PAPER, RELEASED = "paper", "released"


class Run(NamedTuple):
  """A network to train.

  Attributes:
    system: a key of SYSTEMS.
    backbone: a key of models.network.BACKBONES.
    aesthetics: database of the score distributions; "" where there is no such task.
    auxiliary: database of the partner task; "" likewise.
    seed: of heads, batches, crops and dropout.
    preset: "paper" or "released".
  """

  system: str
  backbone: str
  aesthetics: str = ""
  auxiliary: str = ""
  seed: int = 0
  preset: str = PAPER

  @property
  def name(self) -> str:
    databases = "+".join(filter(None, (self.aesthetics, self.auxiliary)))
    preset = "" if self.preset == PAPER else f".{self.preset}"
    return f"{self.system}.{self.backbone}.{databases}.seed{self.seed}{preset}"

  def folder(self, study: Study) -> Path:
    """The run's workdir."""
    return study.workdir / "runs" / self.name

  def config(self, study: Study) -> str:
    """The config of launch.train that the run's fields change."""
    if self.preset == RELEASED:
      return study.released[self.aesthetics]
    return study.configs[self.backbone]

  def overrides(self, study: Study) -> dict[str, Any]:
    """Fields of its config that make this run; a stream without a task has no database."""
    data = {
      f"data.{stream}": str(study.prepared(database)) if database else ""
      for stream, database in (("aesthetics", self.aesthetics), ("auxiliary", self.auxiliary))
    }
    return {"seed": self.seed, **study.overrides, **data, **SYSTEMS[self.system]}


class Stage2(NamedTuple):
  """One call of launch.personalize.

  Attributes:
    name: of its outputs; "" for the run's own.
    shots: k's.
    solvers: the first is the headline.
    num_splits: random splits a person.
  """

  name: str
  shots: tuple[int, ...]
  solvers: tuple[str, ...]
  num_splits: int


class Need(NamedTuple):
  """Something that a table reads: what a run says of a database, and of its people.

  Attributes:
    run: the network.
    database: it is evaluated on.
    split: of the database.
    features: whether pooled features are written too.
    personal: stage 2 on the people of this database.
    baselines: whether the personal baselines are fitted on its features.
  """

  run: Run
  database: str
  split: str = "test"
  features: bool = False
  personal: Stage2 | None = None
  baselines: bool = False
