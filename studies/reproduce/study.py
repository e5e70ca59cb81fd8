"""What a reproduction is made of: databases, networks, seeds, people; plain values of a config."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from paiaa_jax.errors import UserError
from paiaa_jax.workdir import flatten
from studies import published

AVA, FLICKR, PSYCHO = "ava", "flickr_aes", "psychoflickr"
PSYCHO_SELF = "psychoflickr_self"
DATABASE_TITLES = published.DATABASES | {PSYCHO_SELF: "PsychoFlickr, self-assessed"}
BACKBONE_TITLES = {
  "inception_v3": "Inception-v3",
  "densenet121": "DenseNet121",
  "efficientnet_lite0": "EfficientNet-Lite0",
}


class Study(NamedTuple):
  """One reproduction.

  Attributes:
    workdir: runs/ and the report live here.
    databases: key (ava, flickr_aes, psychoflickr, psychoflickr_self) -> prepared folder.
    simulated: whether the raters are; every title then says so.
    configs: backbone -> config of launch.train.
    headline: the backbone of Tables III to V and of the figures (the paper's: Inception-v3).
    overrides: field of the run config ("optim.steps") -> value, for every run.
    released: database -> the headline's config by the `released` preset; empty leaves it out.
    folds: by person, of Table II.
    traits: which of the PsychoFlickr keys Table II is made for; the first is the headline.
    seeds: of the ablation; the first is that of every other run.
    shots: k of Table V.
    curve: k of the learning curve.
    num_splits: random splits a person.
    solvers: of stage 2; the first is the headline.
    baselines: of Table V, keys of studies.baselines.run.BASELINES.
  """

  workdir: Path
  databases: Mapping[str, str]
  simulated: bool
  configs: Mapping[str, str]
  headline: str
  overrides: Mapping[str, Any]
  released: Mapping[str, str]
  folds: int
  traits: tuple[str, ...]
  seeds: tuple[int, ...]
  shots: tuple[int, ...]
  curve: tuple[int, ...]
  num_splits: int
  solvers: tuple[str, ...]
  baselines: tuple[str, ...]

  @property
  def raters(self) -> str:
    """Behind every title: whose ratings these are."""
    return "simulated raters" if self.simulated else "real raters"

  def prepared(self, database: str) -> Path:
    """The prepared folder of a database, or of a fold of one (psychoflickr_fold3).

    Raises:
      UserError: the config names no such database.
    """
    base, fold, number = database.partition("_fold")
    if not self.databases.get(base):
      raise UserError(
        f"config.databases.{base} is empty; name a folder made by launch.prepare_data."
      )
    path = Path(self.databases[base])
    return path.with_name(path.name + fold + number)


def from_config(fields: Mapping[str, Any], workdir: Path) -> Study:
  """A study from a config's fields, which are those of Study but for nested overrides.

  A simulation's databases are the workdir's own.
  """
  if fields["simulated"]:
    own = {name: str(workdir / "data" / "prepared" / name) for name in fields["databases"]}
    fields = {**fields, "databases": own}
  values: dict[str, Any] = {**fields, "overrides": flatten(fields["overrides"])}
  return Study(workdir=workdir, **values)


def database_title(database: str) -> str:
  """How a table names a database or a fold of one."""
  base, fold, number = database.partition("_fold")
  return DATABASE_TITLES[base] + (f", fold {number}" if fold else "")


def backbone_title(backbone: str) -> str:
  """As the paper writes it; an unknown backbone keeps its key."""
  return BACKBONE_TITLES.get(backbone, backbone)
