"""The quickstart's tables and figures as one HTML page, with the tables as csv, json and LaTeX.

    python -m launch.report --workdir=runs/quickstart

Writes WORKDIR/report.html, WORKDIR/tables and WORKDIR/figures, and prints the tables.
"""

from __future__ import annotations

import sys
from pathlib import Path

from absl import flags
from rich.console import Console

from launch import cli_errors

WORKDIR = flags.DEFINE_string("workdir", None, "Of a quickstart.", required=True)
TITLE = "Personality-assisted image aesthetics: the quickstart"
LEAD = (
  "Real photographs, simulated raters: the whole road from database files to personal scores, on "
  "two cores in minutes. Every title says what its figures rest on; every row whether it was "
  "measured here, planted in the simulation, or published."
)


def main(_) -> None:
  from paiaa_jax.reporting import page
  from studies.quickstart import report

  workdir = Path(WORKDIR.value)
  sections = report.sections(workdir)
  page = page.write(workdir, TITLE, LEAD, sections, report.facts(workdir))
  console = Console() if sys.stdout.isatty() else Console(width=140)
  for section in sections:
    for table in section.tables:
      console.print(table.to_terminal())
  console.print(f"report: {page}")


if __name__ == "__main__":
  cli_errors.run(main)
