"""The verbs: `python -m launch` lists them, `python -m launch.VERB --help` explains one."""

from __future__ import annotations

import ast
from pathlib import Path

from launch import cli_errors

FOLDER = Path(__file__).parent
STARTS = 'if __name__ == "__main__":'  # what a module that can be started ends with


def main() -> None:
  files = [path for path in sorted(FOLDER.glob("[!_]*.py")) if STARTS in path.read_text("utf-8")]
  verbs = {path.stem: _says(path) for path in files}
  width = max(map(len, verbs))
  print("python -m launch.VERB [--flags]; --help explains a verb\n")
  for verb, says in verbs.items():
    print(f"  {verb:{width}}  {says}")


def _says(path: Path) -> str:
  """The first paragraph of a verb's page, as one line."""
  tree = ast.parse(path.read_text(encoding="utf-8"))
  return " ".join((ast.get_docstring(tree) or "").partition("\n\n")[0].split())


if __name__ == "__main__":
  with cli_errors.to_the_reader():
    main()
