"""The public names: what there is, what loads without jax, and the examples of their pages."""

import ast
import doctest
import inspect
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import paiaa_jax
from tests.photos.conftest import model_path  # noqa: F401

PACKAGE = Path(paiaa_jax.__file__).parent
PUBLIC = {"errors", "load", "losses", "metrics", "models", "personalization"}


def run(code: str) -> str:
  command = [sys.executable, "-c", code]
  return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_six_names_are_public_and_jax_comes_with_the_first_that_needs_it():
  code = (
    "import sys, paiaa_jax\n"
    "print(*dir(paiaa_jax))\n"
    "import paiaa_jax.personalization.learn, paiaa_jax.personalization.profile\n"
    "from paiaa_jax import models, personalization as pz\n"
    "import numpy as np\n"
    "outputs, generic = np.eye(6, 2), np.arange(6.0)\n"
    "rated = pz.Photographs(generic, outputs, np.zeros((6, 0)))\n"
    "me = pz.learn_profile(rated, generic, model_id='m', aux_names=('a', 'b'),\n"
    "  scale=(0, 5), rating_scale=(0, 5))\n"
    "assert isinstance(me, pz.Profile) and len(me.score(rated)) == 6\n"
    "print('jax' in sys.modules, bool(paiaa_jax.metrics), 'jax' in sys.modules)"
  )
  names, loaded = run(code).splitlines()
  assert set(names.split()) == PUBLIC
  assert loaded == "False True True"


def test_help_is_one_page_that_tells_every_name():
  page = run("import paiaa_jax; help(paiaa_jax.personalization)")
  told = page.partition("PACKAGE CONTENTS")[0]
  for name in dir(paiaa_jax.personalization):
    assert re.search(rf"\b{name}\b", told), name
  assert len(page.splitlines()) < 90


def stated_example(page: str) -> str:
  """The first indented block of a page, whose paragraphs stand at its left edge."""
  block = re.search(r"^ {4}\S.*\n(?:(?: {4}.*)?\n)*", inspect.cleandoc(page) + "\n", re.MULTILINE)
  return textwrap.dedent(block[0])


@pytest.fixture(scope="session")
def example():
  """What the example of personalization's page leaves behind, run as it stands."""
  found = {}
  exec(stated_example(paiaa_jax.personalization.__doc__), found)
  return found


def test_the_example_of_the_page_runs_as_it_stands(example):
  srcc = example["result"].srcc_personal
  assert srcc.shape == (2, 8, 3)
  assert srcc[1].mean() > example["result"].srcc_generic[1].mean() + 0.1


def public_objects() -> dict[str, object]:
  """Name -> each public function and class, by the name under which it is reached."""
  modules = {name: getattr(paiaa_jax, name) for name in sorted(PUBLIC - {"load"})}
  modules |= {f"models.{name}": getattr(paiaa_jax.models, name) for name in dir(paiaa_jax.models)}
  found = {"load": paiaa_jax.load}
  for home, module in modules.items():
    if not inspect.ismodule(module):
      found[home] = module
    elif module.__name__.rpartition(".")[2] in ("models", "personalization"):
      found |= {f"{home}.{name}": getattr(module, name) for name in dir(module)}
    else:
      own = {name: value for name, value in vars(module).items() if not name.startswith("_")}
      homes = (module.__name__, "paiaa_jax.distribution")  # whose functions metrics passes on
      own = {n: v for n, v in own.items() if getattr(v, "__module__", "") in homes}
      found |= {f"{home}.{name}": value for name, value in own.items()}
  return {name: value for name, value in found.items() if callable(value)}


OBJECTS = public_objects()


@pytest.mark.parametrize("name", [n for n, found in OBJECTS.items() if inspect.isfunction(found)])
def test_a_public_function_takes_eight_arguments_at_most(name):
  assert len(inspect.signature(OBJECTS[name]).parameters) <= 8


@pytest.fixture
def names(example, model_path, tmp_path, monkeypatch):  # noqa: F811
  """What an example may use: the example of the page, and a model in runs/quickstart."""
  (tmp_path / "runs" / "quickstart").mkdir(parents=True)
  (tmp_path / "runs" / "quickstart" / "model").symlink_to(model_path)
  monkeypatch.chdir(tmp_path)
  public = {name: getattr(paiaa_jax, name) for name in PUBLIC}
  return {**example, **public, "paiaa_jax": paiaa_jax, "jax": jax, "jnp": jnp, "np": np}


@pytest.mark.parametrize("name", OBJECTS)
def test_the_example_of_a_public_name_is_true(name, names):
  parser, page = doctest.DocTestParser(), inspect.getdoc(OBJECTS[name])
  if see := re.search(r"^Example: see (\w+)\.$", page, re.MULTILINE):
    other = f"{name.rpartition('.')[0]}.{see[1]}"
    assert name.rpartition(".")[2] in inspect.getdoc(OBJECTS[other])
    return
  test = parser.get_doctest(page, names, name, None, None)
  assert test.examples, "no example"
  runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
  told = []
  runner.run(test, out=told.append)
  assert not runner.failures, "".join(told)


def without_docstring(path: Path) -> list[str]:
  """Public functions, methods and classes of a file, and the file itself."""

  def inside(node, home):
    for inner in node.body:
      if isinstance(inner, ast.FunctionDef | ast.ClassDef) and not inner.name.startswith("_"):
        yield f"{home}.{inner.name}", inner
        if isinstance(inner, ast.ClassDef):
          yield from inside(inner, f"{home}.{inner.name}")

  tree = ast.parse(path.read_text(encoding="utf-8"))
  return [
    name
    for name, node in [(path.stem, tree), *inside(tree, path.stem)]
    if node.body and not ast.get_docstring(node)
  ]


def test_every_public_function_says_what_it_does():
  missing = [name for path in PACKAGE.rglob("*.py") for name in without_docstring(path)]
  assert not missing
