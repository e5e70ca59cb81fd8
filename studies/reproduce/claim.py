"""A workdir holds one reproduction: what its runs rest on must not change under them."""

from __future__ import annotations

import json
from pathlib import Path

from paiaa_jax.data import records
from studies.reproduce.study import Study


def claim(study: Study) -> None:
  """Writes <workdir>/study.json; compares with the one that is there.

  Raises:
    ValueError: the workdir's runs rest on other databases or folds.
  """
  path, present = study.workdir / "study.json", _foundation(study)
  former = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
  changes = [
    f"{name} {former[name]} -> {value}"
    for name, value in present.items()
    if former.get(name, value) != value
  ]
  if changes:
    raise ValueError(
      f"{study.workdir} holds a reproduction that rests on something else ({'; '.join(changes)}); "
      "go on with what it had, or in another --workdir."
    )
  study.workdir.mkdir(parents=True, exist_ok=True)
  draft = path.with_name("study.json.tmp")
  draft.write_text(json.dumps(former | present, indent=1) + "\n", encoding="utf-8")
  draft.replace(path)


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
