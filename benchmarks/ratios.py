"""What a benchmark found, kept as a small file for the one table of benchmarks/README.md."""

from __future__ import annotations

import datetime
import json
import os
from pathlib import Path
from typing import NamedTuple

RESULTS = Path(__file__).parent / "results"


class Ratio(NamedTuple):
  """Times of another over ours: above 1, we are faster.

  Attributes:
    what: the work.
    beside: the other: a peer, or a floor that no program could pass on this machine.
    milliseconds: ours, by the clock.
    wall: the ratio by the clock.
    cpu: the ratio of CPU time, all threads; None where there is none, as of a floor.
  """

  what: str
  beside: str
  milliseconds: float
  wall: float
  cpu: float | None = None


def machine() -> str:
  """This machine in a line, with what others did on it."""
  return f"{processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"


def processor() -> str:
  """The processor's name, where Linux tells it."""
  try:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
  except OSError:
    return "unknown processor"
  names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
  return next(names, "unknown processor")


def save(benchmark: str, ratios: list[Ratio]) -> None:
  """Keeps what `python -m benchmarks.BENCHMARK` found."""
  RESULTS.mkdir(exist_ok=True)
  found = {
    "machine": machine(),
    "date": datetime.date.today().isoformat(),
    "ratios": [one._asdict() for one in ratios],
  }
  text = json.dumps(found, indent=2) + "\n"
  (RESULTS / f"{benchmark}.json").write_text(text, encoding="utf-8")


def table() -> str:
  """Everything that was kept, as Markdown."""
  lines = [
    "| benchmark | what | beside | ours, ms | theirs / ours, by the clock | in CPU time |",
    "|---|---|---|---|---|---|",
  ]
  runs = []
  for path in sorted(RESULTS.glob("*.json")):
    found = json.loads(path.read_text(encoding="utf-8"))
    runs.append(f"- `{path.stem}`: {found['date']}, {found['machine']}.")
    for one in (Ratio(**fields) for fields in found["ratios"]):
      numbers = (one.milliseconds, one.wall, one.cpu)
      told = ["" if n is None else f"{n:,.0f}" if n >= 1000 else f"{n:.3g}" for n in numbers]
      lines.append("| " + " | ".join([path.stem, one.what, one.beside, *told]) + " |")
  return "\n".join([*lines, "", *runs, ""])
