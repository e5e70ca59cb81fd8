"""The rooms import only what ARCHITECTURE.md's table allows; nothing heavy comes in at run time."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "paiaa_jax"
ABOVE = ("launch", "configs", "studies", "benchmarks", "tests")
FORBIDDEN = ("tensorflow", "torch", "torchvision", "keras")
ARRAYS_ONLY = {  # all that personalization may import from elsewhere
  *("__future__", "collections", "dataclasses", "functools", "itertools", "math", "typing"),
  *("jax", "numpy", "optax", "paiaa_jax", "scipy"),
}
FILES = sorted(PACKAGE.rglob("*.py"))


def read_table() -> dict[str, set[str]]:
  """Room -> what it may import besides its own, from ARCHITECTURE.md."""
  page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
  rows = re.search(r"\| room \| may import \|\n.*\n((?:\|.*\n)+)", page)[1].splitlines()
  table = {}
  for row in rows:
    rooms, allowed = row.replace("\\", "").strip("| ").split(" | ")
    names = set() if allowed == "nothing of ours" else set(allowed.split(", "))
    table |= {room: names for room in rooms.split(", ")}
  return table


ARROWS = read_table()


def imported(path: Path) -> set[str]:
  """Full dotted names of everything a file imports, wherever the statement stands."""
  names = set()
  for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
    if isinstance(node, ast.Import):
      names |= {alias.name for alias in node.names}
    elif isinstance(node, ast.ImportFrom) and node.module:
      names |= {f"{node.module}.{alias.name}" for alias in node.names}
  return names


def room(path: Path) -> str:
  return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_every_room_is_in_the_table():
  assert {room(path) for path in FILES} == set(ARROWS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_imports_only_the_rooms_it_may(path):
  allowed = ARROWS[room(path)] | {room(path), "__version__", "errors", "lazy"}
  for name in imported(path):
    top, _, inner = name.partition(".")
    assert top not in ABOVE + FORBIDDEN, f"{path.name} imports {name}"
    if top == "paiaa_jax" and inner:
      assert any(f"{inner}.".startswith(f"{one}.") for one in allowed), f"{path.name}: {name}"


def test_personalization_is_arrays_only():
  opens = re.compile(r"\b(open|fromfile|tofile|genfromtxt|(np|jnp)\.(load|save)\w*)\(")
  for path in (PACKAGE / "personalization").rglob("*.py"):
    assert {name.partition(".")[0] for name in imported(path)} <= ARRAYS_ONLY, path.name
    assert not opens.search(path.read_text(encoding="utf-8")), path.name


def test_nothing_that_can_be_launched_loads_tensorflow_or_torch(tmp_path):
  for name in FORBIDDEN:  # there to be loaded, so that whoever would is found out
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").touch()
  code = (
    "import importlib, pkgutil, sys, paiaa_jax, studies\n"
    "for top in (paiaa_jax, studies):\n"
    "  for module in pkgutil.walk_packages(top.__path__, top.__name__ + '.'):\n"
    "    importlib.import_module(module.name)\n"
    f"print(*({set(FORBIDDEN)!r} & set(sys.modules)), 'paiaa_jax.training.loop' in sys.modules)"
  )
  environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
  command = [sys.executable, "-c", code]
  done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
  assert done.stdout.strip() == "True"
  for path in (ROOT / "launch").glob("*.py"):
    assert not {name.partition(".")[0] for name in imported(path)} & set(FORBIDDEN)
