"""Public names of a package, imported when they are asked for (PEP 562), as its stub lists them.

`__init__.pyi`, beside the package's `__init__.py`, imports each name from its home. Type checkers
and editors read it; so does `attach`, as in Scientific Python's SPEC 1. Thus `import paiaa_jax` and
the paths for one user load no jax.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any


def attach(package: str, file: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
  """`__getattr__` and `__dir__` for the package of this `__name__` and `__file__`.

  The package has no `__all__`: with one, `help` would print every class and function in full below
  the package's own page.
  """
  homes = _read_stub(Path(file).with_suffix(".pyi"))

  def get(name: str) -> Any:
    if name not in homes:
      raise AttributeError(f"module {package!r} has no attribute {name!r}")
    found = vars(importlib.import_module(homes[name]))
    return found[name] if name in found else importlib.import_module(f"{homes[name]}.{name}")

  return get, lambda: sorted(homes)


def _read_stub(path: Path) -> dict[str, str]:
  """Name -> the module from which the stub imports it."""
  imports = (node for node in ast.parse(path.read_text(encoding="utf-8")).body)
  return {
    alias.name: node.module
    for node in imports
    if isinstance(node, ast.ImportFrom) and node.module
    for alias in node.names
  }
