"""A workdir belongs to one config: a second start with another is refused, naming the fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jax
from ml_collections import ConfigDict

# Fields that change neither the weights nor what they are trained on.
FREE = (
  "log.",
  "checkpoint.",
  "personalize.",
  "data.workers",
  "data.trained_on",
  "train.fsdp",
  "train.eval_",
)


def claim(workdir: Path, config: ConfigDict) -> None:
  """Writes <workdir>/config.json; compares with the one that is there once something was saved.

  Raises:
    ValueError: where the workdir cannot be written, or holds a run of another config.
  """
  path = workdir / "config.json"
  resolved = json.loads(config.to_json())
  if path.exists() and (workdir / "checkpoints").exists():
    changes = differences(json.loads(path.read_text()), resolved)
    if changes:
      raise ValueError(
        f"{workdir} holds a run with another config ({'; '.join(changes)}); "
        "start with the former values, or in another --workdir."
      )
  if jax.process_index() != 0:
    return
  try:
    workdir.mkdir(parents=True, exist_ok=True)
    draft = workdir / "config.json.tmp"
    draft.write_text(json.dumps(resolved, indent=2, sort_keys=True) + "\n")
    draft.replace(path)
  except OSError as error:
    raise ValueError(f"cannot write into --workdir={workdir}: {error.strerror}.") from error


def differences(former: dict, present: dict) -> list[str]:
  """`field former -> present` for each field that matters and differs."""
  a, b = flatten(former), flatten(present)
  fields = sorted(field for field in a.keys() | b.keys() if not field.startswith(FREE))
  return [
    f"{field} {a.get(field, 'absent')!r} -> {b.get(field, 'absent')!r}"
    for field in fields
    if a.get(field) != b.get(field)
  ]


def flatten(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
  """{"optim": {"steps": 3}} -> {"optim.steps": 3}."""
  flat = {}
  for name, value in tree.items():
    if isinstance(value, dict):
      flat |= flatten(value, f"{prefix}{name}.")
    else:
      flat[prefix + name] = value
  return flat
