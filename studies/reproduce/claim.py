"""A workdir holds one reproduction: what its runs rest on must not change under them."""

from __future__ import annotations

from pathlib import Path

from paiaa_jax import workdir
from paiaa_jax.data import records
from studies.reproduce.study import Study


def claim(study: Study) -> None:
  """Writes <workdir>/study.json; compares with the one that is there.

  Raises:
    UserError: the workdir's runs rest on other databases or folds.
  """
  workdir.claim(study.workdir / "study.json", _foundation(study), grows=True)


def _foundation(study: Study) -> dict[str, int | str]:
  """The folds, and the recipes of those real databases that are there, or a simulation's seed."""
  if study.simulated:
    return {"folds": study.folds, "seed of the simulation": study.seeds[0]}
  there = {
    name: folder
    for name, folder in study.databases.items()
    if folder and (Path(folder) / "manifest.json").is_file()
  }
  recipes = {name: records.read_manifest(folder)["recipe"] for name, folder in there.items()}
  return {"folds": study.folds, **recipes}
