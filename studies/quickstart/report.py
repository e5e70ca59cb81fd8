"""The quickstart's report: what each step left in the workdir -> sections with tables and figures.

Reads only files, so that it can be made again at any time. All figures speak of simulated raters.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from paiaa_jax import metrics, rng
from paiaa_jax.apps import agreement
from paiaa_jax.data import images, records
from paiaa_jax.models import vector
from paiaa_jax.reporting import galleries, page
from paiaa_jax.reporting.page import Picture, Section
from paiaa_jax.reporting.table import PLANTED, PUBLISHED, Table, interval, print_tables
from paiaa_jax.types import TRAITS
from studies import oracle, published, run_folder
from studies.quickstart import personal

TITLE = "Personality-assisted image aesthetics: the quickstart"
HOW = (
  "Real photographs, simulated raters: from database files to personal scores on two cores in "
  "minutes. Every title says what its figures rest on; every row whether it was measured here, "
  "planted in the simulation, or published."
)
SIMULATED = personal.SIMULATED
PRIMARY = personal.DATABASE
NAMES = published.DATABASES


def write(workdir: Path) -> Path:
  """Writes report.html, tables/ and figures/ into the workdir, and prints the tables.

  Returns:
    The page's path.
  """
  made = sections(workdir)
  sentence, picture = personal.opening(workdir)
  path = page.write(workdir, TITLE, sentence, made, facts(workdir), picture)
  print(sentence)
  print_tables(table for section in made for table in section.tables)
  return path


def sections(workdir: Path) -> list[Section]:
  """All sections, in reading order.

  Raises:
    UserError: a step of the quickstart has not been run in this workdir.
  """
  return [
    personal.scores(workdir),
    personal.checks(workdir),
    personal.intervals(workdir),
    _generic(workdir),
    _joint(workdir),
    _traits_and_score(workdir),
    _gallery(workdir),
    _sources(workdir),
  ]


def facts(workdir: Path) -> dict[str, str]:
  """What a reader needs to make the same page."""
  config = run_folder.read_json(workdir / "config.json")
  optim, model, side = config["optim"], config["model"], config["data"]["image_size"]
  rates = f"backbone {optim['lr_backbone']:g}, heads {optim['lr_heads']:g}, {optim['schedule']}"
  return {
    "what it is": HOW,
    "seed": str(config["seed"]),
    "network": f"{model['backbone']}, {model['pooling']} pooling, {side} px",
    "steps": f"{optim['steps']} of {optim['batch_size']} images a stream",
    "rates": rates,
    "versions": page.versions(),
    "commands": "make quickstart prints each one; docs/method.md says what they compute",
  }


def _generic(workdir: Path) -> Section:
  title = f"Image level: the network against the mean of the raters ({SIMULATED})"
  columns = ("test set", "ACC", "always high", "SROCC", "95 % over sources", "PLCC", "EMD")
  table = Table("generic", title, columns)
  for dataset in ("flickr_aes", "ava"):
    found = run_folder.predictions(workdir, dataset)
    one = found["agreement"]["aesthetics"]
    bounds = _interval_over_sources(workdir, dataset, found)
    rates = (one.get("acc"), one.get("always_high"), one["srcc"])
    table.add(NAMES[dataset], *rates, bounds, one["plcc"], one.get("emd"))
  for method in ("PA_IAA(DenseNet121)", "PA_IAA(Inception-v3)"):
    acc, srcc, emd = published.TABLE_1[method]
    table.add(f"AVA, {method}", acc / 100, None, srcc, None, None, emd, origin=PUBLISHED)
  table.notes = [
    "AVA is scored by the network trained on FLICKR-AES: only ranks are compared (Table III).",
    "The interval draws source photographs, of which there are three; it says nothing of content.",
  ]
  return Section("Generic scores", "", [table])


def _joint(workdir: Path) -> Section:
  title = f"Joint training against each task alone ({SIMULATED})"
  columns = ("run", "generic SROCC", *published.LETTERS, "mean of traits", "change of the backbone")
  table = Table("joint", title, columns)
  for name, folder, tasks in (
    ("joint", workdir, ("aesthetics", "auxiliary")),
    ("aesthetics alone", workdir / "aesthetics", ("aesthetics",)),
    ("traits alone", workdir / "auxiliary", ("auxiliary",)),
  ):
    srcc, traits, mean = None, [None] * len(TRAITS), None
    if "aesthetics" in tasks:
      srcc = run_folder.predictions(folder, PRIMARY)["agreement"]["aesthetics"]["srcc"]
    if "auxiliary" in tasks:
      agreement = run_folder.predictions(folder, "psychoflickr")["agreement"]["auxiliary"]
      traits = [agreement[trait] for trait in TRAITS]
      mean = float(np.mean(traits))
    change = run_folder.last_metric(folder, "backbone_change_relative")
    table.add(name, srcc, *traits, mean, f"{change:.2%}")
  for method in ("Inception-v3(personality)", "PA_IAA(Inception-v3)"):
    traits = published.TABLE_2[method]
    row = (f"Table II, {method}", None, *traits, float(np.mean(traits)), None)
    table.add(*row, origin=PUBLISHED)
  optim = run_folder.read_json(workdir / "config.json")["optim"]
  table.notes = [
    f"Each run: {optim['steps']} steps of {optim['batch_size']} images a stream, the shared "
    f"weights trained at {optim['lr_backbone']:g}; last column: norm of their change over theirs.",
    "One seed each: differences this small are no finding.",
    "The traits' labels are those of ten test people, eight photographs each.",
  ]
  return Section("Does the second task help?", "", [table])


def _traits_and_score(workdir: Path) -> Section:
  title = f"Table IV: SROCC of the generic score with each trait ({SIMULATED})"
  table = Table("table4", title, ("database", *published.LETTERS))
  for dataset in ("ava", "flickr_aes"):
    found = run_folder.predictions(workdir, dataset)["agreement"]["score_with_traits"]
    table.add(f"{NAMES[dataset]}, predicted", *(found[trait] for trait in TRAITS))
  planted = oracle.score_with_traits(workdir / "data" / "raw" / "truth")
  table.add("planted", *planted.values(), origin=PLANTED)
  for database, values in published.TABLE_4.items():
    table.add(database, *values, origin=PUBLISHED)
  table.notes = ["The planted row is what the simulation was told, not a finding."]
  return Section("Traits and beauty", "", [table])


def _gallery(workdir: Path, count: int = 5) -> Section:
  found = run_folder.predictions(workdir, PRIMARY)
  frame, target = found["frame"], found["labels"]["distribution"]
  source = records.open_split(run_folder.prepared(workdir, PRIMARY), "test")
  score_values = source.manifest["scale"]
  order = np.argsort(frame["aesthetic_score"].to_numpy())
  rows = [int(order[i]) for i in np.linspace(0, len(order) - 1, count).round().astype(int)]
  buckets = vector.bucket_columns(len(score_values))
  figure = galleries.distributions_and_traits(
    [np.asarray(images.load(source[row]["image"], 224, frame["path"][row])) for row in rows],
    frame.select(buckets).to_numpy()[rows],
    target[rows],
    frame.select(TRAITS).to_numpy()[rows],
    score_values,
    TRAITS,
  )
  caption = f"Fig. 5 ({SIMULATED}): test photographs from the lowest to the highest score."
  return Section("What it says of a photograph", "", [], [Picture("figure5", caption, figure)])


def _sources(workdir: Path) -> Section:
  columns = ("database", "split", "images", "made from")
  table = Table("sources", "Source photographs of each split", columns)
  for dataset, name in NAMES.items():
    index = records.read_index(run_folder.prepared(workdir, dataset))
    named = _source_of_image(workdir, dataset)
    for split in records.SPLITS:
      members = index.filter(pl.col("split") == split)["path"].to_list()
      counts = sorted(Counter(named[image] for image in members).items())
      table.add(name, split, len(members), ", ".join(f"{source} {n}" for source, n in counts))
  text = (
    "Every photograph is a crop and an edit of one of a few real ones. No test photograph shares "
    "its source with a training photograph."
  )
  return Section("Where the photographs come from", text, [table])


def _interval_over_sources(workdir: Path, dataset: str, found: dict[str, Any]) -> str:
  """95 % bootstrap interval of the SROCC over source photographs."""
  named = _source_of_image(workdir, dataset)
  groups = np.array([named[image] for image in found["frame"]["path"]])
  ours = found["frame"]["aesthetic_score"].to_numpy()
  theirs = found["labels"]["mean_score"]

  def srcc(rows):
    return float(metrics.srcc(ours[rows], theirs[rows]))

  return interval(*agreement.interval_over_groups(srcc, groups, rng.generator(0, "report/sources")))


def _source_of_image(workdir: Path, dataset: str) -> dict[str, str]:
  return run_folder.read_json(workdir / "data" / "raw" / "truth" / "sources.json")[NAMES[dataset]]
