"""Runs benchmarks that compare us with others, and writes benchmarks/README.md from all of them.

    python -m benchmarks [NAME ...]

Without a name all of RUNS are run. What was not run keeps its rows.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from benchmarks import ratios

RUNS = {
  "fusion": ["--repeats=21"],
  "fusion_growth": [],
  "input_pipeline": ["--seconds=2"],
  "scoring": ["--count=48"],
  "train_step": ["--rounds=5", "--size=160"],
}
PAGE = """# Ratios

Made by `python -m benchmarks`: each script compares by turns in one run, and this table is all that
they kept. Floors are what the machine itself could do in that run: bytes by its copy, operations by
its matrix product, images by bare decoding; beside a floor a ratio is at most 1. How to read them:
`docs/benchmarks-*.md`; on a GPU, `docs/benchmarks-gpu.md`.

A peer that is not installed is left out. All of them, apart from `.venv`, since the extra `onnx`
asks for an older orbax-checkpoint than `constraints.txt`:

    python3 -m venv peers
    peers/bin/pip install --editable '.[train,onnx]' torch torchvision
    peers/bin/python -m benchmarks

"""


def main() -> None:
  parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
  parser.add_argument("names", nargs="*", help=f"of {', '.join(RUNS)}")
  names = parser.parse_args().names or RUNS
  for name in names:
    subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *RUNS[name]], check=True)
  Path(__file__).with_name("README.md").write_text(PAGE + ratios.table(), encoding="utf-8")


if __name__ == "__main__":
  main()
