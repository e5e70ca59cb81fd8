"""What the pages tell people to type: every command is known, with its arguments, and links lead.

The first page of docs/photos.md is run whole in e2e/test_readme_walk.py. The jobs behind `make` and
`launch` take minutes, so here the programs themselves parse their flags, configs and targets.
"""

import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest
import typer

from paiaa_jax import cli
from tests import children

ROOT = Path(__file__).parents[1]
PAGES = [
  *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "CHANGELOG.md")),
  *sorted((ROOT / "docs").glob("*.md")),
  ROOT / "paiaa_jax/apps/benchmark/protocol.md",
]
PROGRAMS = ("paiaa ", "python -m ", "make ", "pip install", ".venv/bin/python -m ")
NOT_RUN = {  # and why
  "git clone <this repository> && cd <it>": "the address is whoever publishes the repository's",
  "source .venv/bin/activate": "changes the shell that reads it",
  ".venv/bin/ruff check --fix . && .venv/bin/ruff format .": "would change the files",
  "paiaa VERB": "VERB stands for each of docs/photos.md",
  "python -m launch": "tests/launch/test_verbs.py",
  "python -m launch.VERB --help": "VERB stands for each of the table",
  "pip install pre-commit && pre-commit install": "another tool, for whoever wants it",
}


def blocks(page: str, language: str) -> list[str]:
  """The bodies of the fenced blocks of this language, without their indentation."""
  fenced = re.findall(r"^( *)```(\w*)\n(.*?)^ *```$", page, re.MULTILINE | re.DOTALL)
  return [
    re.sub(rf"^{indent}", "", body, flags=re.MULTILINE)
    for indent, named, body in fenced
    if named == language
  ]


def commands() -> list[str]:
  """Every line of a `sh` block, and every command in running text, less what follows a #."""
  found = []
  for path in PAGES:
    page = path.read_text(encoding="utf-8")
    found += "".join(blocks(page, "sh")).splitlines()
    found += re.findall(rf"`((?:{'|'.join(map(re.escape, PROGRAMS))})[^`\n]+)`", page)
  return sorted({line.partition(" #")[0].rstrip() for line in found} - set(NOT_RUN))


def parse_paiaa(verb: str, *arguments: str) -> None:
  group = typer.main.get_command(cli.app)
  if arguments:  # else the verb alone is spoken of
    group.commands[verb].make_context(verb, list(arguments))
  assert verb in group.commands or verb == "--help"


def parse_module(name: str, *arguments: str) -> None:
  file = ROOT / f"{name.replace('.', '/')}.py"
  if name == "pytest":
    assert all((ROOT / test).is_file() for test in arguments)
  elif name.startswith("launch.") and arguments:
    done = children.run(name, *arguments, "--only_check_args")
    assert done.returncode == 0, done.stderr
  else:  # a benchmark imports half of the package before it reads its flags
    text = file.read_text(encoding="utf-8")
    for other in re.findall(r"^from benchmarks\.(\w+) import", text, re.M):  # may read them for it
      text += (ROOT / "benchmarks" / f"{other}.py").read_text(encoding="utf-8")
    flags = re.findall(r"--(\w+)", " ".join(arguments))
    assert all(f'"{flag}"' in text or f'"--{flag}"' in text for flag in flags)


def parse_make(*words: str) -> None:
  subprocess.run(["make", "--dry-run", *words], cwd=ROOT, capture_output=True, check=True)


def parse_pip(*arguments: str) -> None:
  extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
  assert set(re.findall(r"\[(\w+)\]", " ".join(arguments))) <= extras.keys()


def test_a_block_of_commands_says_that_it_is_one():
  for path in PAGES:
    for block in blocks(path.read_text(encoding="utf-8"), ""):
      assert not any(line.startswith(PROGRAMS) for line in block.splitlines()), block


@pytest.mark.parametrize("command", commands())
def test_a_command_is_one_that_its_program_takes(command):
  words = shlex.split(command.removeprefix(".venv/bin/"))
  parsers = {
    ("python", "-m"): parse_module,
    ("pip", "install"): parse_pip,
    ("make",): parse_make,
    ("paiaa",): parse_paiaa,
  }
  for start, parse in parsers.items():
    if tuple(words[: len(start)]) == start:
      return parse(*words[len(start) :])
  assert words[:2] == ["python", "-c"], "say in NOT_RUN why nothing here knows this command"
  compile(words[2], command, "exec")


def test_the_verbs_of_the_readme_are_those_of_launch():
  table = (ROOT / "README.md").read_text(encoding="utf-8").partition("| verb | does |")[2]
  rows = table.partition("\n\n")[0].splitlines()[2:]
  told = {verb for row in rows for verb in re.findall(r"`(\w+)`", row.split(" | ")[0])}
  mains = (path for path in (ROOT / "launch").glob("[!_]*.py") if "__main__" in path.read_text())
  assert told == {path.stem for path in mains}


def test_the_verbs_of_photos_are_those_of_the_command():
  page = (ROOT / "docs/photos.md").read_text(encoding="utf-8")
  told = re.findall(r"^\| `paiaa (\w+)", page, re.MULTILINE)
  assert sorted(told) == sorted(typer.main.get_command(cli.app).commands)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_to_files_and_headings(path):
  for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
    if "://" in target:
      continue
    name, _, heading = target.partition("#")
    page = path.parent / name if name else path
    assert page.exists(), target
    if heading:
      titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
      assert heading in {re.sub(r"[^\w -]", "", t).lower().replace(" ", "-") for t in titles}


def test_every_page_and_notebook_is_on_the_site():
  index = (ROOT / "docs/index.md").read_text(encoding="utf-8")
  listed = set(re.findall(r"^[\w/-]+$", index, re.MULTILINE))
  pages = [*(ROOT / "docs").rglob("*.md"), *(ROOT / "docs/examples").glob("*.ipynb")]
  names = {str(page.relative_to(ROOT / "docs").with_suffix("")) for page in pages}
  assert listed == names - {"index", "package"}


def test_the_backbone_of_contributing_is_one():
  code, _ = blocks((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), "python")
  names = {}
  exec(code, names)
  backbone = names["ThreeConvolutions"]
  image = jnp.zeros((2, backbone.INPUT_SIZE, backbone.INPUT_SIZE, 3))
  for fields, width in (({}, backbone.FEATURES), ({"num_classes": 1000}, 1000)):
    module = backbone(**fields)
    output, _ = jax.eval_shape(module.init_with_output, jax.random.key(0), image)
    assert output.shape == (2, width)


def test_every_promise_is_held_by_a_test_that_is_there():
  named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs/trust.md").read_text("utf-8"))
  assert len(named) > 30
  for file, test in named:
    assert f"\ndef {test}(" in (ROOT / file).read_text("utf-8"), test
