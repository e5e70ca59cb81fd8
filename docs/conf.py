"""The documentation as a site: `make docs`, then build/docs/index.html.

The pages are the Markdown files here, those of the repository's top by their names under more/, the
notebooks of examples/, which are executed, and the docstrings of the public names.
"""

import re
from pathlib import Path

import paiaa_jax

HERE = Path(__file__).parent.resolve()

project = "paiaa-jax"
author = "the authors of paiaa-jax"
release = version = paiaa_jax.__version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = [
  "package.md",  # a package index's page says the same as the first one
  "leaderboard/*",  # what leaderboard.md is made from
]
html_theme = "furo"
html_title = "paiaa-jax"
html_copy_source = False
html_show_copyright = False

myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 600
nb_merge_streams = True

autodoc_typehints = "none"  # the signature has them already
autodoc_member_order = "bysource"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # fields of a NamedTuple are described once

LINK = re.compile(r"(!?\[[^\]]*\])\(([^)\s#]*)(#[^)\s]*)?\)")
ELSEWHERE = re.compile(r"% (\S+\.md)\n")  # the whole of a page that stands for another file
NAMES = re.compile(r"^% names of (\S+)$", re.MULTILINE)


def read_page(app, docname, source):
  """Links as the repository has them become links of the site; names become their docstrings."""
  page = HERE / app.env.doc2path(docname)
  if page.suffix == ".md":
    file = _file_of(page)
    text = file.read_text(encoding="utf-8") if file != page else source[0]
    text = LINK.sub(lambda found: _link(app, page, file, *found.groups("")), text)
    source[0] = NAMES.sub(lambda found: _directives(found[1]), text)


def _file_of(page: Path) -> Path:
  """The page itself, or the file that it stands for."""
  found = ELSEWHERE.fullmatch(page.read_text(encoding="utf-8"))
  return (page.parent / found[1]).resolve() if found else page


def _link(app, page: Path, file: Path, text: str, target: str, heading: str) -> str:
  """A link to a page or picture of the site; what is not of it is only named."""
  if not target or "://" in target:
    return f"{text}({target}{heading})"
  found = (file.parent / target).resolve()
  pages = [HERE / app.env.doc2path(name) for name in app.env.found_docs]
  places = {_file_of(each) if each.suffix == ".md" else each: each for each in pages}
  up = "../" * len(page.relative_to(HERE).parts[:-1])
  if (place := places.get(found, found)).is_relative_to(HERE) and place.is_file():
    return f"{text}({up}{place.relative_to(HERE)}{heading})"
  return f"{text.strip('[]')} (`{found.relative_to(HERE.parent)}`)"


def _directives(module: str) -> str:
  """autodoc's directive for each public name of a package that lists them."""
  home = getattr(paiaa_jax, module.partition(".")[2])
  lines = []
  for name in dir(home):
    found = getattr(home, name)
    if isinstance(found, dict):
      lines += [f".. py:data:: {module}.{name}", "", f"   By name: {', '.join(found)}."]
    elif callable(found):
      kind = "class" if isinstance(found, type) else "function"
      lines += [f".. auto{kind}:: {module}.{name}", *["   :members:"] * (kind == "class")]
    else:
      lines += [f".. automodule:: {found.__name__}", "   :members:"]
    lines.append("")
  return "\n".join(["```{eval-rst}", *lines, "```"])


def escape(app, what, name, obj, options, lines):
  """Docstrings are plain text with `code`: a star or a bar in them is no reStructuredText."""
  for i, line in enumerate(lines):
    if not line.lstrip().startswith((">>>", "...")):
      words = re.split(r"`([^`]+)`", line)  # every second part stood in backticks
      words[::2] = [re.sub(r"([*|`\\]|_\b)", r"\\\1", part) for part in words[::2]]
      lines[i] = "``".join(words)


def setup(app):
  app.connect("source-read", read_page)
  app.connect("autodoc-process-docstring", escape, priority=1)  # before napoleon
