"""Table V and Fig. 6's figures: personal scores of FLICKR-AES's test workers after k ratings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from paiaa_jax.reporting.page import Section
from paiaa_jax.reporting.table import Cell, Table, interval, mean_std, mean_std_of
from studies import published
from studies.reproduce.results import Results
from studies.reproduce.rows import add_in_order
from studies.reproduce.runs import RELEASED, Need, Run, Stage2
from studies.reproduce.study import AVA, FLICKR, PSYCHO, Study

CURVE = "curve"
RELEASED_SOLVERS, RELEASED_SPLITS = ("conditional",), 10  # a network a split: as many as theirs


def pa_iaa(study: Study, seed: int | None = None) -> Run:
  seed = study.seeds[0] if seed is None else seed
  return Run("pa_iaa", study.headline, FLICKR, PSYCHO, seed)


def mt_iaa(study: Study, seed: int | None = None) -> Run:
  seed = study.seeds[0] if seed is None else seed
  return Run("mt_iaa", study.headline, FLICKR, AVA, seed)


def released(study: Study) -> Run:
  return Run("pa_iaa", study.headline, FLICKR, PSYCHO, study.seeds[0], RELEASED)


def _released_splits(study: Study) -> int:
  return min(RELEASED_SPLITS, study.num_splits)


def needs(study: Study) -> list[Need]:
  stage2 = Stage2("", study.shots, study.solvers, study.num_splits)
  curve = Stage2(CURVE, study.curve, study.solvers[:2], study.num_splits)
  ours = pa_iaa(study)
  found = [
    Need(ours, FLICKR, features=True, personal=stage2, baselines=True),
    Need(ours, FLICKR, split="train", features=True),  # the crowd that FPMF learns from
    Need(ours, FLICKR, features=True, personal=curve),
    Need(mt_iaa(study), FLICKR, personal=stage2),
  ]
  if study.released:
    settings = Stage2("", study.shots, RELEASED_SOLVERS, _released_splits(study))
    found.append(Need(released(study), FLICKR, features=True, personal=settings))
  return found


def section(results: Results) -> Section:
  text = (
    "What do k of a person's own ratings add? All rows take the same k of the person and are "
    "tested on the person's other photographs. Some learn from other people too: "
    "`empirical_bayes` and `population_mean` take their prior from the shots of the other test "
    "people, FPMF its factors from the training workers."
  )
  return Section("Table V: personal scores", text, [_scores(results), _gains(results)])


def _scores(results: Results) -> Table:
  study = results.study
  title = f"Table V: SROCC of personal scores on FLICKR-AES ({study.raters})"
  columns = ("method", *(f"{k} images" for k in study.shots), "solver", "run")
  table = Table("table5", title, columns)
  figures = {name: tuple(map(mean_std, row)) for name, row in published.TABLE_5.items()}
  add_in_order(table, figures if study.shots == (10, 100) else {}, _measured(results))
  table.notes = [
    f"Mean ± deviation over {study.num_splits} repeats of the mean over people; the released "
    f"scripts' over {_released_splits(study)}, as theirs.",
    "Baselines learn from the same shots and features; published rows with attributes rest on a "
    "network of attributes that is not part of this project.",
    "Comparable with the published PA_IAA is what is fitted to a person's own shots alone: ols, "
    "sgd and ridge. empirical_bayes and population_mean ask the other test people's shots too.",
    "ols, sgd: Eq. 7 as written; ridge, empirical_bayes: the same five weights, shrunk; "
    "population_mean: those of other people for everyone; conditional: weights that depend on "
    "the image, by a small network on frozen features, where the released scripts train a larger "
    "one and the backbone.",
  ]
  return table


def _measured(results: Results) -> Iterator[tuple[str, tuple[Cell, ...]]]:
  study = results.study
  ours = pa_iaa(study)
  if found := results.personal(ours):
    yield "generic score", _row(found, found["headline"], "generic", "none", ours)
  for method, run in (("MT_IAA", mt_iaa(study)), ("PA_IAA", ours)):
    yield from _by_solver(method, results.personal(run), run)
  if study.released:
    run = released(study)
    yield from _by_solver("PA_IAA, released scripts", results.personal(run), run)
  if study.baselines and (found := results.baselines(ours)):
    for name in found["solvers"]:
      yield found["titles"][name], _row(found, name, "personal", name, ours)


def _by_solver(method: str, found: dict | None, run: Run) -> Iterator[tuple[str, tuple]]:
  if found:
    for solver in found["solvers"]:
      yield method, _row(found, solver, "personal", solver, run)


def _row(found: dict[str, Any], key: str, side: str, solver: str, run: Run) -> tuple[Cell, ...]:
  by_shots = found["solvers"][key]
  cells = [by_shots[str(k)][side] for k in found["shots"]]
  return (*map(mean_std_of, cells), solver, run.name)


def _gains(results: Results) -> Table:
  """Every way of personalising against the generic score, paired over people."""
  study = results.study
  title = f"Personal against generic, paired over people ({study.raters})"
  columns = ("method", "k", "gain", "95 % interval", "p (Wilcoxon)", "people", "run")
  table = Table("table5_gain", title, columns)
  runs = {"PA_IAA": pa_iaa(study), "MT_IAA": mt_iaa(study)}
  sources = [(name, results.personal(run), run) for name, run in runs.items()]
  if study.baselines:
    sources.append(("", results.baselines(pa_iaa(study)), pa_iaa(study)))
  for name, found, run in sources:
    if not found:
      continue
    for solver, by_shots in found["solvers"].items():
      label = f"{name}, {solver}" if name else found["titles"][solver]
      for k, one in by_shots.items():
        test = one["test"]
        if test["gain"] is not None:
          bounds, p = interval(test["low"], test["high"]), f"{test['p_value']:.1g}"
          table.add(label, k, test["gain"], bounds, p, test["people"], run.name)
  table.notes = ["Gain: Hodges-Lehmann estimate over people, a person's splits averaged first."]
  return table
