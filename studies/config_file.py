"""A config by the name that --config takes: PATH, or PATH:ARG for get_config(ARG)."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from paiaa_jax.errors import UserError


def load(config: str) -> ConfigDict:
  """What get_config of that file returns for the argument."""
  _, *arg = config.split(":", 1)
  return functions(config)["get_config"](*arg)


def functions(config: str) -> dict[str, Any]:
  """Everything that the config file defines, by name.

  Raises:
    UserError: there is no such file.
  """
  path = config.partition(":")[0]
  if not Path(path).is_file():
    raise UserError(f"no config file {path}.")
  return runpy.run_path(path)
