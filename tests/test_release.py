"""What a release is made of says the same thing in each of its files."""

import re
import tomllib
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


def bounds(lines: str | list[str]) -> set[str]:
  """PACKAGE>=VERSION of each line, without what follows it."""
  lines = lines.splitlines() if isinstance(lines, str) else lines
  found = {line.partition("#")[0].strip().lower() for line in lines}
  return {line for line in found if line and not line.startswith("paiaa-jax")}


def test_the_requirements_are_those_of_photographs_and_of_training():
  project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
  extras = project["optional-dependencies"]
  told = [*project["dependencies"], *extras["train"], *extras["parquet"], *extras["figures"]]
  assert bounds((ROOT / "requirements.txt").read_text()) == bounds(told)


def test_the_page_of_a_package_index_has_no_relative_link():
  project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
  page = (ROOT / project["readme"]).read_text()
  assert re.findall(r"\]\((?!https://)", page) == [] and "<img" not in page
  optional = set(project["optional-dependencies"]) - {"test", "docs"}
  told = page.partition("| extra |")[2].partition("\n\n")[0]
  assert set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", told, re.M)))) == optional


def test_the_changelog_has_this_version():
  assert f"\n## {paiaa_jax.__version__} - 20" in (ROOT / "CHANGELOG.md").read_text()
