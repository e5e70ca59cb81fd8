"""Writes the quickstart's tables and figures as one HTML page; tables as csv, json and LaTeX too.

    python -m launch.report --workdir=runs/quickstart

Writes WORKDIR/report.html, WORKDIR/tables and WORKDIR/figures, and prints the tables.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from launch import cli_errors

WORKDIR = flags.DEFINE_string("workdir", None, "Of a quickstart.", required=True)


def main(_) -> None:
  from studies.quickstart import report

  print(f"report: {report.write(Path(WORKDIR.value))}")


if __name__ == "__main__":
  cli_errors.run(main)
