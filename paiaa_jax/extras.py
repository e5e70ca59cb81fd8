"""Packages that only some verbs need, and the line that says which extra brings them."""

from __future__ import annotations

import importlib.util

from paiaa_jax.errors import UserError

TRAINING = frozenset(  # modules of the extra `train`
  {
    *("array_record", "grain", "importlib_resources", "matplotlib", "ml_collections", "optax"),
    *("orbax", "polars", "pyarrow", "skimage", "sklearn", "tensorflow_datasets", "threadpoolctl"),
  }
)


def require(module: str, purpose: str, extra: str) -> None:
  """Before any work: a UserError where `purpose` needs a module that is not installed."""
  if importlib.util.find_spec(module) is None:
    raise UserError(f"{purpose} needs {module}: pip install 'paiaa-jax[{extra}]'.")


def told(error: ImportError) -> str | None:
  """The line for a module of the training stack that is not installed; None for any other."""
  module = (error.name or "").partition(".")[0]
  if module not in TRAINING or importlib.util.find_spec(module) is not None:
    return None
  return f"this needs {module}, of the training stack: pip install 'paiaa-jax[train]'."
