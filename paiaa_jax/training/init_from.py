"""The first weights of a run, or of parts of it, from another run's model folder; strict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from flax import traverse_util

from paiaa_jax.errors import UserError
from paiaa_jax.models.weights import pretrained

_OF_BACKBONE = ("backbone", "head_input", "pooling")
_OF_HEADS = ("num_buckets", "aux_names", "aux_activation", "head_widths", "aux_final_norm")
PARTS = {  # model.init_parts -> the fields of the network that have to agree
  "backbone": ("backbone",),
  "heads": (*_OF_BACKBONE, *_OF_HEADS),
  "both": (*_OF_BACKBONE, *_OF_HEADS),
}


def read(
  source: str, parts: str, network: dict[str, Any], wanted: dict[str, Any]
) -> dict[str, dict[str, Any]]:
  """Collections of the parts that are taken, as numpy.

  Args:
    source: a run's workdir, or the model folder in it.
    parts: a key of PARTS.
    network: Network's fields of the present run.
    wanted: its collections, leaves with a shape.

  Raises:
    UserError: no such model, or one whose network, names or shapes are others; it says which.
  """
  folder = Path(source)
  folder = folder / "model" if (folder / "model").is_dir() else folder
  variables, config = pretrained.load_model(folder)
  for field in PARTS[parts]:
    there, here = config["network"].get(field), network[field]
    if _plain(there) != _plain(here):
      raise UserError(f"model.init_from={source}: {field} is {there!r} there, and {here!r} here.")
  kept = _choose(variables, parts)
  found, needed = (
    {path: np.shape(leaf) for path, leaf in traverse_util.flatten_dict(tree, sep="/").items()}
    for tree in (kept, _choose(wanted, parts))
  )
  for path in sorted(found.keys() | needed.keys()):
    if found.get(path) != needed.get(path):
      shapes = (found.get(path, "absent"), needed.get(path, "absent"))
      raise UserError(f"model.init_from={source}: {path} is {shapes[0]} there, {shapes[1]} here.")
  return kept


def _choose(variables: dict[str, Any], parts: str) -> dict[str, Any]:
  """The parts of each collection that `parts` names."""
  return {
    kind: {
      part: leaves
      for part, leaves in tree.items()
      if parts == "both" or (part == "backbone") == (parts == "backbone")
    }
    for kind, tree in variables.items()
  }


def _plain(value: Any) -> Any:
  """A field as JSON has it; what an older folder does not tell is the default of `""`."""
  return list(value) if isinstance(value, tuple | list) else value
