"""Coverage-guided search for a file that a parser neither reads nor refuses in words.

    python -m tests.soak.guided PARSER CORPUS RUNS

CORPUS is a folder of inputs to start from; what reaches new lines is added to it. The file that a
parser failed on is left beside the folder, and the exit code is not 0.
"""

import sys
import tempfile
from pathlib import Path

import atheris  # which `make soak` installs

with atheris.instrument_imports(include=["paiaa_jax"]):
  from tests.soak import test_parsers


def main(name: str, corpus: str, runs: str) -> None:
  with tempfile.TemporaryDirectory() as folder:
    parse = test_parsers.prepared(name, Path(folder))
    bounds = [f"-runs={runs}", "-max_len=8192", "-timeout=20", "-seed=1"]
    atheris.Setup([name, *bounds, f"-artifact_prefix={corpus}.", corpus], parse)
    atheris.Fuzz()


if __name__ == "__main__":
  main(*sys.argv[1:])
