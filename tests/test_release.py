"""What a release is made of says the same thing in each of its files."""

import re
from pathlib import Path

import paiaa_jax

ROOT = Path(__file__).parents[1]


def pins(name: str) -> dict[str, str]:
  """Package -> version of a file's NAME==VERSION lines; a name is written in several ways."""
  found = re.findall(r"^([\w.-]+)==([\w.+-]+)", (ROOT / name).read_text(), re.MULTILINE)
  return {re.sub(r"[-_.]+", "-", package).lower(): version for package, version in found}


def test_the_lock_has_the_tested_versions_and_hashes_of_all_that_is_required():
  lock, tested = pins("requirements.lock"), pins("constraints.txt")
  assert {name for name in lock if lock[name] != tested.get(name, lock[name])} == set()
  required = re.findall(r"^[\w-]+", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
  assert {name.replace("_", "-") for name in required} <= lock.keys()
  text = (ROOT / "requirements.lock").read_text()
  entries = re.split(r"^(?=[\w-]+==)", text, flags=re.MULTILINE)[1:]
  assert all("--hash=sha256:" in entry for entry in entries) and "://" not in text


def test_the_changelog_has_this_version():
  assert f"\n## {paiaa_jax.__version__} - 20" in (ROOT / "CHANGELOG.md").read_text()
