"""Builds the wheel and uses it in two environments of its own: python -m tests.check_wheel.

The first has all packages of the interpreter that runs this, by their path: every module of the
wheel is imported there. The second is what `pip install paiaa-jax` makes, of the wheel and its
dependencies alone: photographs are scored and ranked there, and what needs the training stack says
so. Nothing of the checkout is on either path. Exit code 0, or an assertion that says what is wrong.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

import paiaa_jax
from paiaa_jax.extras import TRAINING

PHOTOGRAPHS = 8
ROOT = Path(__file__).parents[1]
NOT_BASE = TRAINING - {"optax", "orbax"}  # flax brings these
LEFT_BEHIND = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "runs")
USE = """
import importlib, pkgutil, sys
from pathlib import Path
import paiaa_jax
home = Path(sys.prefix)
assert Path(paiaa_jax.__file__).is_relative_to(home), paiaa_jax.__file__
for module in pkgutil.walk_packages(paiaa_jax.__path__, "paiaa_jax."):
  importlib.import_module(module.name)
for ours in ("studies", "launch", "configs", "tests", "benchmarks"):
  assert importlib.util.find_spec(ours) is None, f"{ours} can be imported"
from paiaa_jax.reporting import page
"""


def build(folder: Path) -> Path:
  """The wheel, from a copy of the checkout: an old build/ beside it would slip files in."""
  shutil.copytree(ROOT, folder / "source", ignore=LEFT_BEHIND)
  pip("wheel", "--no-deps", "--wheel-dir", folder, folder / "source")
  (wheel,) = folder.glob("*.whl")
  return wheel


def check_contents(wheel: Path) -> None:
  """Every file of paiaa_jax/, its pages and lists too, and nothing else."""
  held = {Path(name) for name in zipfile.ZipFile(wheel).namelist()}
  held = {path for path in held if not path.parts[0].endswith(".dist-info")}
  files = (path for path in (ROOT / "paiaa_jax").rglob("*") if path.is_file())
  wanted = {path.relative_to(ROOT) for path in files if "__pycache__" not in path.parts}
  assert held == wanted, sorted(map(str, held ^ wanted))


def import_all(wheel: Path, folder: Path) -> None:
  """Installs it beside the packages of this interpreter, and imports every module."""
  venv.create(folder / "env", symlinks=True)
  python = folder / "env" / "bin" / "python"
  pip("--python", python, "install", "--no-deps", wheel)
  where = {"base": str(folder / "env"), "platbase": str(folder / "env")}
  packages = Path(sysconfig.get_path("purelib", vars=where))
  (packages / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n")
  run(python, "-c", USE)


def install_alone(wheel: Path, folder: Path) -> Path:
  """Installs it with its dependencies, in CI's versions; the command `paiaa`."""
  began = time.monotonic()
  venv.create(folder / "light", symlinks=True)
  python = folder / "light" / "bin" / "python"
  pip("--python", python, "install", "--constraint", ROOT / "constraints.txt", wheel)
  size = sum(each.lstat().st_size for each in (folder / "light").rglob("*"))
  print(f"base install: {time.monotonic() - began:.0f} s, {size / 1e6:.0f} MB")
  absent = "import importlib.util as u; print(*[n for n in {!r} if u.find_spec(n)])"
  there = run(python, "-c", absent.format(sorted(NOT_BASE)))
  assert not there.split(), f"the base install brings {there}"
  return folder / "light" / "bin" / "paiaa"


def use(paiaa: Path, folder: Path) -> None:
  """Every verb for photographs, and the line of each that needs more."""
  version = run(paiaa, "--version")
  assert version.strip() == paiaa_jax.__version__, version
  assert "personalize" in run(paiaa, "--help")
  photos = rank(paiaa, folder)
  profile = ("--profile", folder / "me.json")
  assert "people in general" in run(paiaa, "explain", photos / "0.jpg", *profile)
  assert "0.jpg" in run(paiaa, "stars", photos, *profile)
  run(paiaa, "suggest", photos, "--output", folder / "rate.csv", "--count", "2")
  run(paiaa, "export", folder / "model")
  assert paiaa_jax.__version__ in run(paiaa, "doctor")
  began = time.monotonic()
  run(paiaa, "demo", folder / "demo", "--no-browser")
  print(f"demo, with what is compiled already: {time.monotonic() - began:.0f} s")
  needs_more(paiaa, "parquet", "score", photos, "--output", folder / "scores.parquet")
  needs_more(paiaa, "figures", "explain", photos / "0.jpg", *profile, "--png", folder / "card.png")
  needs_more(paiaa, "web", "rate", photos)
  needs_more(paiaa, "web", "serve")
  needs_more(paiaa, "web", "rate", photos)
  needs_more(paiaa, "train", "train", folder / "scores.csv", "--output", folder / "mine")


def needs_more(paiaa: Path, extra: str, *arguments: object) -> None:
  """It ends with one line that names the extra."""
  done = subprocess.run([paiaa, *map(str, arguments)], capture_output=True, text=True)
  assert done.returncode == 2 and len(done.stderr.splitlines()) == 1, done.stderr
  assert f"pip install 'paiaa-jax[{extra}]'" in done.stderr, done.stderr


def rank(paiaa: Path, folder: Path) -> Path:
  """From photographs and ratings to a page of the best, by the model in the wheel."""
  random, photos = np.random.default_rng(0), folder / "photos"
  photos.mkdir()
  for i in range(PHOTOGRAPHS):
    colours = random.integers(0, 256, (3, 4, 3), np.uint8)
    Image.fromarray(colours).resize((320, 240), Image.Resampling.BICUBIC).save(photos / f"{i}.jpg")
  os.environ["PAIAA_CACHE"] = str(folder / "scores.sqlite")
  os.environ.pop("PAIAA_MODEL", None)
  run(paiaa, "score", photos, "--output", folder / "scores.csv")
  assert len((folder / "scores.csv").read_text().splitlines()) == 1 + PHOTOGRAPHS
  rows = [f"{photos / f'{i}.jpg'},{1 + i % 5}" for i in range(PHOTOGRAPHS)]
  (folder / "ratings.csv").write_text("\n".join(["path,rating", *rows]))
  run(paiaa, "personalize", folder / "ratings.csv", "--output", folder / "me.json")
  run(paiaa, "rank", photos, "--profile", folder / "me.json", "--html", folder / "top.html")
  assert (folder / "top.html").read_text().count("data:image/jpeg") == PHOTOGRAPHS
  return photos


def run(*command: object) -> str:
  """What a command prints, run where nothing of ours lies."""
  environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
  with tempfile.TemporaryDirectory() as nowhere:
    done = subprocess.run(
      list(map(str, command)), cwd=nowhere, env=environment, stdout=subprocess.PIPE, text=True
    )
  assert done.returncode == 0, f"{command[0]} ended with {done.returncode}"
  return done.stdout


def pip(*arguments: object) -> None:
  run(sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments)


def main() -> None:
  with tempfile.TemporaryDirectory() as name:
    wheel = build(Path(name))
    check_contents(wheel)
    import_all(wheel, Path(name))
    use(install_alone(wheel, Path(name)), Path(name))
    print(f"{wheel.name}: {wheel.stat().st_size / 1e3:.0f} kB, installed and used")


if __name__ == "__main__":
  main()
