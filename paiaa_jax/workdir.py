"""A workdir belongs to one run: a second one with other settings is refused, naming the fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from paiaa_jax import files
from paiaa_jax.errors import UserError


def claim(
  file: Path,
  values: dict[str, Any],
  *,
  free: tuple[str, ...] = (),
  grows: bool = False,
  write: bool = True,
) -> None:
  """Writes what a workdir's results rest on into `file` there, or refuses another run's workdir.

  Args:
    file: such as <workdir>/config.json.
    values: by field; dicts may be nested, and their fields then have dotted names.
    free: what names of fields that may change begin with.
    grows: a field that only the file or only `values` has is no difference, and is kept.
    write: False only compares, in all processes of a run but one.

  Raises:
    UserError: a field differs from what the file holds; names each.
  """
  values = json.loads(json.dumps(values))  # as they are read back: a tuple is a list
  former = files.read_json(file) if file.exists() else values
  if grows:
    former, values = values | former, former | values
  if changes := differences(former, values, free):
    raise UserError(
      f"{file.parent} holds a run with other settings ({'; '.join(changes)}); start with the "
      "former values, or in another --workdir."
    )
  if write:
    files.write_json(file, values)


def differences(former: dict, present: dict, free: tuple[str, ...] = ()) -> list[str]:
  """`field former -> present` for each field that differs and is not free."""
  a, b = flatten(former), flatten(present)
  return [
    f"{field} {a.get(field, 'absent')!r} -> {b.get(field, 'absent')!r}"
    for field in sorted(a.keys() | b.keys())
    if a.get(field) != b.get(field) and not field.startswith(free)
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
