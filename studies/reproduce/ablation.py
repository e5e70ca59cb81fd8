"""What the paper rests on: joint against single task, and PA_IAA against MT_IAA, over seeds.

All networks take the same number of steps on FLICKR-AES, with the backbone trained.
"""

from __future__ import annotations

import math

from paiaa_jax.reporting.page import Section
from paiaa_jax.reporting.table import Table, as_text, interval
from studies.paired import paired
from studies.reproduce import table5
from studies.reproduce.results import MOVED, Results
from studies.reproduce.runs import Need, Run, Stage2
from studies.reproduce.study import FLICKR, Study

SEED = "seed"  # name of the personalize outputs of a seed


def systems(study: Study, seed: int) -> dict[str, Run]:
  return {
    "aesthetics alone": Run("aesthetics", study.headline, FLICKR, seed=seed),
    "PA_IAA": table5.pa_iaa(study, seed),
    "MT_IAA": table5.mt_iaa(study, seed),
  }


def needs(study: Study) -> list[Need]:
  stage2 = Stage2(SEED, study.shots, study.solvers[:1], study.num_splits)
  return [
    Need(run, FLICKR, personal=None if run.system == "aesthetics" else stage2)
    for seed in study.seeds
    for run in systems(study, seed).values()
  ]


def section(results: Results) -> Section:
  text = (
    "What the paper rests on: joint against single task, and traits against another "
    "database's scores as the partner task. Equal steps, equal first weights, the "
    "backbone trained."
  )
  return Section("Ablation", text, [_by_seed(results), _differences(results)])


def _by_seed(results: Results) -> Table:
  study = results.study
  title = f"Ablation: every seed ({study.raters})"
  shots = [f"personal, k = {k}" for k in study.shots]
  columns = ("system", "seed", "generic", *shots, "steps", "backbone moved", "run")
  table = Table("ablation_seeds", title, columns)
  for seed in study.seeds:
    for name, run in systems(study, seed).items():
      values = [_generic(results, run), *(_personal(results, run, k) for k in study.shots)]
      if values[0] is not None:
        steps = int(results.metric(run, "step") or 0)
        table.add(name, seed, *values, steps, results.backbone_moved(run), run.name)
  table.notes = [
    f"SROCC; personal: {study.solvers[0]}, mean over people and {study.num_splits} splits.",
    MOVED,
  ]
  return table


def _differences(results: Results) -> Table:
  study = results.study
  title = f"Ablation: paired over {len(study.seeds)} seeds ({study.raters})"
  seeds = [f"seed {seed}" for seed in study.seeds]
  columns = ("difference", "of", *seeds, "mean", "95 % interval", "runs")
  table = Table("ablation", title, columns)
  solver, verdicts = study.solvers[0], []
  measures = {"generic SROCC": _generic} | {
    f"personal SROCC ({solver}), k = {k}": lambda r, run, k=k: _personal(r, run, k)
    for k in study.shots
  }
  for ours, theirs, of in (
    ("PA_IAA", "aesthetics alone", ["generic SROCC"]),
    ("MT_IAA", "aesthetics alone", ["generic SROCC"]),
    ("PA_IAA", "MT_IAA", list(measures)),
  ):
    runs = " less ".join(_any_seed(systems(study, 0)[name]) for name in (ours, theirs))
    for what in of:
      found = [
        [measures[what](results, systems(study, seed)[name]) for name in (ours, theirs)]
        for seed in study.seeds
      ]
      difference = f"{ours} less {theirs}"
      numbers = [[v for v in pair if v is not None and math.isfinite(v)] for pair in found]
      if not all(len(pair) == 2 for pair in numbers):
        verdicts.append(f"{difference}, {what}: not defined for every seed")
      elif len(found) > 1:
        values = [a - b for a, b in numbers]
        mean, low, high = paired(values)
        table.add(difference, what, *values, mean, interval(low, high), runs)
        verdicts.append(f"{difference}, {what}: {_verdict(low, high)} ({as_text(mean)})")
  table.notes = [f"Student's interval over seeds. {'; '.join(verdicts)}."] if verdicts else []
  return table


def _any_seed(run: Run) -> str:
  return run.name.replace(f"seed{run.seed}", "seed*")


def _verdict(low: float, high: float) -> str:
  return "no difference shown" if low <= 0 <= high else "higher" if low > 0 else "lower"


def _generic(results: Results, run: Run) -> float | None:
  found = results.agreement(run, FLICKR)
  return found["aesthetics"]["srcc"] if found else None


def _personal(results: Results, run: Run, k: int) -> float | None:
  if run.system == "aesthetics":
    return None
  found = results.personal(run, SEED)
  return found["solvers"][found["headline"]][str(k)]["personal"]["mean"] if found else None
