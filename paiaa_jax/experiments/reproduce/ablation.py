"""What the paper rests on: joint against single task, and PA_IAA against MT_IAA, over seeds.

All networks take the same number of steps on FLICKR-AES, with the backbone trained.
"""

from __future__ import annotations

from paiaa_jax.experiments.paired import paired
from paiaa_jax.experiments.report import Section
from paiaa_jax.experiments.reproduce import table5
from paiaa_jax.experiments.reproduce.results import MOVED, Results
from paiaa_jax.experiments.reproduce.runs import Need, Run, Stage2
from paiaa_jax.experiments.reproduce.study import FLICKR, Study
from paiaa_jax.experiments.table import Table, as_text, interval

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
  return Section("Ablation", text, tables(results))


def tables(results: Results) -> list[Table]:
  return [_by_seed(results), _differences(results)]


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
  columns = ("difference", "of", *(f"seed {s}" for s in study.seeds), "mean", "95 % interval")
  table = Table("ablation", title, columns)
  measures = {"generic SROCC": _generic} | {
    f"personal SROCC, k = {k}": lambda r, run, k=k: _personal(r, run, k) for k in study.shots
  }
  for ours, theirs, of in (
    ("PA_IAA", "aesthetics alone", ["generic SROCC"]),
    ("MT_IAA", "aesthetics alone", ["generic SROCC"]),
    ("PA_IAA", "MT_IAA", list(measures)),
  ):
    for what in of:
      found = [
        [measures[what](results, systems(study, seed)[name]) for name in (ours, theirs)]
        for seed in study.seeds
      ]
      if len(found) > 1 and all(None not in pair for pair in found):
        values = [a - b for a, b in found]
        mean, low, high = paired(values)
        table.add(f"{ours} less {theirs}", what, *values, mean, interval(low, high))
  table.notes = ["Student's interval over seeds. " + _verdicts(table)]
  return table


def _verdicts(table: Table) -> str:
  """What the intervals say, a clause a row."""
  said = []
  for what, of, *_, mean, bounds in (row.cells for row in table.rows):
    low, high = map(float, bounds.strip("[]").split(", "))
    sure = "no difference shown" if low <= 0 <= high else "higher" if low > 0 else "lower"
    said.append(f"{what}, {of}: {sure} ({as_text(mean)})")
  return "; ".join(said) + ("." if said else "")


def _generic(results: Results, run: Run) -> float | None:
  found = results.agreement(run, FLICKR)
  return found and found["aesthetics"]["srcc"]


def _personal(results: Results, run: Run, k: int) -> float | None:
  if run.system == "aesthetics":
    return None
  found = results.personal(run, SEED)
  return found and found["solvers"][found["headline"]][str(k)]["personal"]["mean"]
