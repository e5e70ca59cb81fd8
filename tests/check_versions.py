"""Runs some tests under other versions: python -m tests.check_versions [3.12 3.13 lowest].

Each has an environment of its own, which uv fills with the package and its tests' extras: the
newest versions that it finds for Python 3.12 and 3.13, and on 3.11 the lowest that pyproject.toml
admits. Minutes each, with a gigabyte that is downloaded, so outside CI. Exit code 1 where a test
fails; an interpreter that this machine lacks is named and passed over.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
WHAT = {  # name -> Python, uv's resolution
  "3.12": ("3.12", "highest"),
  "3.13": ("3.13", "highest"),
  "lowest": ("3.11", "lowest-direct"),
}
TESTS = (
  *("test_cli.py", "test_metrics.py", "photos/test_score.py", "photos/test_sidecars.py"),
  *("photos/test_demo.py", "serving", "models/test_predictor.py", "training/test_loop.py"),
)


def check(name: str, folder: Path) -> bool:
  """Whether the tests pass, or there is no such Python."""
  version, resolution = WHAT[name]
  python = folder / name / "bin" / "python"
  uv = Path(sys.executable).with_name("uv")
  made = [uv, "venv", "--quiet", "--no-python-downloads", "--python", version, folder / name]
  if subprocess.run(made).returncode:
    print(f"{name}: no Python {version} on this machine, passed over")
    return True
  more = ["--resolution", resolution, "--python", python, ".[test]"]
  subprocess.run([uv, "pip", "install", "--quiet", *more], cwd=ROOT, check=True)
  # what older packages warn of is not ours to mend
  tests = ["-m", "pytest", "-o", "filterwarnings=default", *(f"tests/{each}" for each in TESTS)]
  done = subprocess.run([python, *tests], cwd=ROOT, env=os.environ | {"JAX_PLATFORMS": "cpu"})
  print(f"{name}: {'passed' if done.returncode == 0 else 'FAILED'}")
  return done.returncode == 0


def main() -> None:
  with tempfile.TemporaryDirectory() as folder:
    results = [check(name, Path(folder)) for name in sys.argv[1:] or WHAT]
  sys.exit(not all(results))


if __name__ == "__main__":
  main()
