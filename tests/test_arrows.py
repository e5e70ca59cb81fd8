"""The rooms import only what ARCHITECTURE.md's table allows; nothing heavy comes in at run time."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "paiaa_jax"

# room -> the rooms of ours that it may import, besides its own.
ARROWS = {
  "types": set(),
  "errors": set(),
  "files": {"errors"},
  "workdir": {"errors", "files"},
  "losses": {"types"},
  "metrics": {"types"},
  "rng": set(),
  "models": {"types", "rng"},
  "data": {"types", "rng"},
  "training": {"types", "models", "data", "losses", "metrics", "rng"},
  "personalization": {"types", "metrics", "rng"},
  "reporting": {"types"},
  "apps": {
    *("types", "models", "data", "losses", "metrics", "rng", "personalization", "reporting")
  },
  "photos": {"types", "models", "personalization", "data"},
  "cli": {"photos", "personalization"},
  "__init__": {"photos", "types"},
}
FORBIDDEN = {"tensorflow", "torch", "torchvision", "keras"}
FILES = sorted(PACKAGE.rglob("*.py"))


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


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_imports_only_the_rooms_it_may(path):
  allowed = ARROWS[room(path)] | {room(path), "__version__", "errors", "files", "workdir"}
  for name in imported(path):
    parts = name.split(".")
    assert parts[0] not in FORBIDDEN, f"{path.name} imports {name}"
    assert parts[0] not in {"launch", "configs", "tests"}, f"{path.name} imports {name}"
    if parts[0] == "paiaa_jax" and len(parts) > 1:
      assert parts[1] in allowed, f"{path.name} imports {name}"


def test_photos_take_only_images_from_the_data_room():
  allowed = ("paiaa_jax.data.images",)
  for path in (PACKAGE / "photos").rglob("*.py"):
    for name in imported(path):
      is_data = name.startswith("paiaa_jax.data")
      assert not is_data or name.startswith(allowed), f"{path.name}: {name}"


@pytest.mark.parametrize("module", ["train", "prepare_data", "evaluate", "personalize"])
def test_a_launch_loads_neither_tensorflow_nor_torch(module):
  code = f"import sys, launch.{module}\nprint(sorted({FORBIDDEN!r} & set(sys.modules)))"
  done = subprocess.run(
    [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
  )
  assert done.stdout.strip() == "[]"
