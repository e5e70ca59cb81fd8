"""Table II: traits of the people who like an image, on PsychoFlickr, ten folds by person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy as np
import polars as pl

from paiaa_jax import metrics
from paiaa_jax.data import records
from paiaa_jax.reporting.page import Section
from paiaa_jax.reporting.table import Table, interval
from paiaa_jax.types import TRAITS
from studies import published
from studies.paired import paired
from studies.reproduce.results import Results
from studies.reproduce.rows import add_in_order
from studies.reproduce.runs import Need, Run
from studies.reproduce.study import AVA, PSYCHO, Study, backbone_title, database_title

SYSTEMS = {"{}(personality)": "personality", "PA_IAA({})": "pa_iaa"}
LEVELS = ("image", "person")


def fold_name(traits: str, fold: int) -> str:
  """The database of a fold; fold 0 of the attributed traits is what other tables train on."""
  return PSYCHO if (traits, fold) == (PSYCHO, 0) else f"{traits}_fold{fold}"


def fold_runs(study: Study, system: str, backbone: str, traits: str) -> list[tuple[Run, str]]:
  """(run, database) of every fold."""
  partner = AVA if system == "pa_iaa" else ""
  names = [fold_name(traits, fold) for fold in range(study.folds)]
  return [(Run(system, backbone, partner, name, study.seeds[0]), name) for name in names]


def needs(study: Study) -> list[Need]:
  return [
    Need(run, name)
    for traits in study.traits
    for backbone in study.configs
    for system in SYSTEMS.values()
    for run, name in fold_runs(study, system, backbone, traits)
  ]


def section(results: Results) -> Section:
  """Tables by traits and level; attributed traits by image are the headline, `table2`."""
  made = []
  for traits in results.study.traits:
    for level in LEVELS:
      table = _table(results, traits, level)
      if any(row.origin != "published" for row in table.rows):
        made.append(table)
  text = "How well are the traits of the people who like a photograph read from it?"
  return Section("Table II: traits", text, made)


def _table(results: Results, traits: str, level: str) -> Table:
  study = results.study
  headline = traits == study.traits[0] and level == LEVELS[0]
  suffix = "" if headline else f"_{traits.removeprefix(PSYCHO).strip('_') or 'attributed'}_{level}"
  columns = ("method", *published.LETTERS, "mean (ours)", "folds", "run")
  title = f"Table II: SROCC by {level} on {database_title(traits)} ({study.raters})"
  table = Table(f"table2{suffix}", title, columns)
  figures = published.TABLE_2 if headline else {}
  add_in_order(table, figures, _measured(results, traits, level))
  table.notes = ["Mean over folds by person; a person's images are in one split.", PARTNER]
  table.notes += [SHARED] * study.simulated
  table.notes += list(_differences(results, traits, level))
  return table


PARTNER = (
  "By image: each image against the traits of the person who likes it. By person: the mean "
  "prediction over a person's images. The partner task of PA_IAA is AVA."
)
SHARED = (
  "Simulated: the folds after the first test on photographs that other people's traits, and AVA's "
  "scores, were trained on; the rows show that all folds run, not what a network would do."
)


def _measured(results: Results, traits: str, level: str) -> Iterator[tuple[str, tuple]]:
  study = results.study
  for backbone in study.configs:
    for pattern, system in SYSTEMS.items():
      found = _by_fold(results, system, backbone, traits, level)
      if found:
        mean = np.mean(list(found.values()), axis=0).tolist()
        name = fold_runs(study, system, backbone, traits)[0][0].name
        row = (*mean, float(np.mean(mean)), f"{len(found)} of {study.folds}", f"{name} ...")
        yield pattern.format(backbone_title(backbone)), row


def _by_fold(
  results: Results, system: str, backbone: str, traits: str, level: str
) -> dict[int, list[float]]:
  """fold -> SROCC of the five traits, for the folds that are there."""
  found = {}
  for fold, (run, name) in enumerate(fold_runs(results.study, system, backbone, traits)):
    if agreement := results.agreement(run, name):
      by_image = [agreement["auxiliary"][trait] for trait in TRAITS]
      found[fold] = by_image if level == "image" else _by_person(results, run, name)
  return found


def _by_person(results: Results, run: Run, name: str) -> list[float]:
  """SROCC over people of their mean predicted traits with their own."""
  prepared = results.study.prepared(name.partition("_fold")[0])
  traits = records.read_table(prepared, "traits")
  truth, owner = traits.group_by("user", maintain_order=True), traits.select("user", "path")
  frame = cast(pl.DataFrame, results.frame(run, name))  # written with the agreement
  predicted = frame.join(owner, "path").group_by("user", maintain_order=True)
  both = predicted.agg(pl.col(TRAITS).mean()).join(
    truth.agg(pl.col(TRAITS).first()), "user", suffix="_true"
  )
  return [float(metrics.srcc(both[t].to_numpy(), both[f"{t}_true"].to_numpy())) for t in TRAITS]


def _differences(results: Results, traits: str, level: str) -> Iterator[str]:
  """What the partner task adds, paired over folds, a sentence a backbone."""
  for backbone in results.study.configs:
    joint, alone = (
      _by_fold(results, system, backbone, traits, level) for system in ("pa_iaa", "personality")
    )
    folds = sorted(set(joint) & set(alone))
    if len(folds) > 1:
      mean, low, high = paired([float(np.mean(joint[f]) - np.mean(alone[f])) for f in folds])
      yield (
        f"{backbone_title(backbone)}: joint less alone, mean of traits, {mean:+.3f} "
        f"{interval(low, high)} (95 %, Student over {len(folds)} folds, which share people)."
      )
