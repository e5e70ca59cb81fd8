"""The figures that a change of structure must not move, as one JSON file.

    python -m tests.golden --quickstart=DIR --oasis=DIR --reproduction=DIR --out=golden.json
    python -m tests.golden [the same three] --against=tests/golden.json

The three are workdirs that launch.quickstart, launch.oasis and tests.studies.reproduce.tiny have
finished. Beside their tables it holds stage-2 figures of every solver on seeded arrays, and what
the quickstart's model says of twenty photographs. `--against` prints every difference, and exits
with 1 if there is one.

tests/golden.json holds OASIS and stage 2 as commit 1e6317c had them, under today's names of rows.
What rests on the quickstart's photographs is from after pixels are converted to sRGB: one of its
seven sources, scikit-image's rocket.jpg, is Adobe RGB. Moved since, each with its cause:
  - rows of `ridge`: it averages its strengths by evidence, in place of choosing one;
  - ACC and 'always high' on the quickstart's FLICKR-AES, and the last digit of some SROCC of the
    reproduction: means of counts are taken in float64, so that ties are ties and a mean of exactly
    3 is no longer above 3;
  - the reproduction's released run on FLICKR-AES: the bias in front of its batch norm has a
    gradient of rounding noise, which Adam makes a step of;
  - the quickstart's network and photographs: on the CPU EfficientNet-Lite's weight gradients are
    summed in another order (a matrix product for 1x1, over the images first for depthwise), and
    its stem's convolution is XLA's own.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

import paiaa_jax
from paiaa_jax.personalization import statistics
from paiaa_jax.reporting.table import as_text
from tests.personalization.crowd import evaluate, simulate, users_of

SHOTS, SPLITS = (10, 30), 5
SOLVERS = ("ridge", "ols", "sgd", "empirical_bayes", "population_mean", "conditional")
PHOTOGRAPHS = 20


def main() -> int:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  for name in ("quickstart", "oasis", "reproduction"):
    parser.add_argument(f"--{name}", type=Path, help=f"a finished workdir of the {name}")
  parser.add_argument("--out", type=Path, help="write the figures here")
  parser.add_argument("--against", type=Path, help="compare with this file")
  given = parser.parse_args()
  found = collect(given.quickstart, given.oasis, given.reproduction)
  if given.out:
    given.out.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
  if not given.against:
    return 0
  known = json.loads(given.against.read_text())
  changed = list(differences({part: known[part] for part in found}, found))
  print("\n".join(changed) or f"{count(found)} figures, no difference")
  return bool(changed)


def collect(
  quickstart: Path | None, oasis: Path | None, reproduction: Path | None
) -> dict[str, Any]:
  """Part -> figures; a part whose workdir is None is left out."""
  found: dict[str, Any] = {"stage 2": stage2()}
  for name, folder in (("oasis", oasis), ("reproduction", reproduction)):
    if folder:
      found[name] = tables(folder)
  if quickstart:
    found["quickstart"] = tables(quickstart)
    found["photographs"] = photographs(quickstart)
  return found


def tables(workdir: Path) -> dict[str, Any]:
  """Every measured row of every table of a report, its numbers as they are printed."""
  files = sorted((workdir / "tables").glob("*.json"))
  rows = {file.stem: json.loads(file.read_text())["rows"] for file in files}
  return {
    name: [
      {column: as_text(value) for column, value in row.items()}
      for row in own
      if row["origin"] != "published"
    ]
    for name, own in rows.items()
  }


def stage2() -> dict[str, Any]:
  """Of solvers on seeded arrays: mean SROCC, weights, coverage and width, to six digits."""
  crowd = simulate()
  features = np.random.default_rng(1).normal(size=(*crowd.valid.shape, 6)).astype(np.float32)
  users = users_of(crowd, coordinates=features)
  found = {}
  for name in SOLVERS:
    ours = evaluate(name, users, SHOTS, SPLITS)
    told = statistics.summarize(ours, SHOTS)
    has_intervals = np.isfinite(ours.width).any()
    found[name] = {
      k: {
        "personal": rounded(one["personal"]["mean"]),
        "generic": rounded(one["generic"]["mean"]),
        "gain": rounded(one["test"]["gain"]),
        "weights": rounded(np.nanmean(np.abs(ours.weights[i]))),
        "width": rounded(np.nanmean(ours.width[i])) if has_intervals else None,
        "coverage": rounded(np.nanmean(ours.coverage[i])) if has_intervals else None,
      }
      for i, (k, one) in enumerate(told.items())
    }
  return found


def photographs(quickstart: Path) -> dict[str, Any]:
  """Score and auxiliary outputs of the first photographs of the simulation, to five digits."""
  folder = quickstart / "data" / "raw" / "FLICKR-AES"
  paths = sorted(folder.rglob("*.jpg"))[:PHOTOGRAPHS]
  predictions = paiaa_jax.load(quickstart / "model").score(paths)
  rows = zip(paths, predictions.score, predictions.traits, strict=True)
  return {path.name: [rounded(s, 5), *(rounded(t, 5) for t in ts)] for path, s, ts in rows}


def rounded(value: float | None, digits: int = 6) -> float | None:
  return None if value is None else round(float(value), digits)


def differences(before: Any, after: Any, place: str = ""):
  """A line for each value that is not the same."""
  if isinstance(before, dict) and isinstance(after, dict):
    for key in sorted({*before, *after}):
      yield from differences(before.get(key), after.get(key), f"{place} / {key}")
  elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
    for i, pair in enumerate(zip(before, after, strict=True)):
      yield from differences(*pair, f"{place} [{i}]")
  elif before != after:
    yield f"{place}: {before} -> {after}"


def count(value: Any) -> int:
  inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
  return 1 if inner is None else sum(map(count, inner))


if __name__ == "__main__":
  sys.exit(main())
