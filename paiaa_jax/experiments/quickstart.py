"""The quickstart's report: what each step left in the workdir -> sections with tables and figures.

Reads only files, so that it can be made again at any time. All figures speak of simulated raters.
"""

from __future__ import annotations

import importlib.metadata
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from paiaa_jax import rng
from paiaa_jax.data import images, records
from paiaa_jax.experiments import figures, galleries, generic, oracle, people, published
from paiaa_jax.experiments.report import Picture, Section
from paiaa_jax.experiments.table import PLANTED, PUBLISHED, Table, interval, mean_std
from paiaa_jax.types import TRAITS

SIMULATED = "simulated raters"
LETTERS = ("O", "C", "E", "A", "N")
PRIMARY = "flickr_aes"  # the database whose people are personalised
NAMES = {"ava": "AVA", "flickr_aes": "FLICKR-AES", "psychoflickr": "PsychoFlickr"}
PACKAGES = ("jax", "flax", "optax", "orbax-checkpoint", "grain", "tensorflow-datasets", "numpy")


def sections(workdir: Path) -> list[Section]:
  """All sections, in reading order.

  Raises:
    FileNotFoundError: a step of the quickstart has not been run in this workdir.
  """
  return [_personal(workdir), _people(workdir), _generic(workdir), _joint(workdir),
          _traits_and_score(workdir), _gallery(workdir), _sources(workdir)]  # fmt: skip


def facts(workdir: Path) -> dict[str, str]:
  """What a reader needs to make the same page."""
  config = _json(workdir / "config.json")
  optim = config["optim"]
  versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
  return {
    "seed": str(config["seed"]),
    "backbone": f"{config['model']['backbone']}, {config['model']['pooling']}, {config['data']['image_size']} px",
    "steps": f"{optim['steps']} of {optim['batch_size']} images a stream",
    "rates": f"backbone {optim['lr_backbone']:g}, heads {optim['lr_heads']:g}, {optim['schedule']}",
    "versions": versions,
    "commands": "make quickstart prints each one; docs/method.md says what they compute",
  }


def _personal(workdir: Path) -> Section:
  table = Table("table5", f"Table V: personal SROCC after k ratings ({SIMULATED})", ("system", "k = 10", "k = 100"))
  runs = [("", ""), ("null", ", nothing planted"), ("heavy_tails", ", heavy-tailed tastes")]
  for name, suffix in runs:
    result = _json(workdir / f"personalize{'_' + name if name else ''}.json")
    _add_run(table, workdir, name, suffix, result)
  for method, by_shots in published.TABLE_5.items():
    table.add(method, *map(mean_std, by_shots), origin=PUBLISHED)
  main = _json(workdir / "personalize.json")
  table.notes = [
    f"Measured: mean ± deviation over {main['num_splits']} repeats, {main['people']} people; solvers as named. "
    "Published: real people of FLICKR-AES, a larger network and database.",
    "The oracle ranks by the noise-free score of each simulated rater: what their own noise allows.",
  ]
  tests = Table(
    "table5_gain", f"Personal against generic, paired over people ({SIMULATED})",
    ("solver", "k", "gain", "95 % interval", "p (Wilcoxon)", "undefined fits"),
  )  # fmt: skip
  for solver, by_shots in main["solvers"].items():
    for k, one in by_shots.items():
      test = one["test"]
      undefined = sum(one["undefined"].values())
      gain_interval = interval(test["low"], test["high"])
      tests.add(solver, k, test["gain"], gain_interval, f"{test['p_value']:.1g}", undefined)
  text = (
    "Does knowing a few of a person's ratings help? The generic score is the same for everybody; the personal "
    "one adds five weights, learned from k ratings and tested on the person's other photographs. A run in which "
    "no personal taste was planted should gain nothing."
  )
  return Section("Personal scores", text, [table, tests])


def _add_run(table: Table, workdir: Path, name: str, suffix: str, result: dict) -> None:
  shots = [str(k) for k in result["shots"]]
  first = result["solvers"][result["headline"]]
  table.add(f"generic{suffix}", *(_cell(first[k]["generic"]) for k in shots))
  for solver, by_shots in result["solvers"].items():
    table.add(f"PA_IAA, {solver}{suffix}", *(_cell(by_shots[k]["personal"]) for k in shots))
  folder = workdir / "data" / (name or "raw")
  ratings = str(folder / NAMES[PRIMARY]) if name else ""
  inputs = people.read(workdir, _prepared(workdir, PRIMARY), ratings)
  settings = dict(shots=result["shots"], num_splits=result["num_splits"], seed=result["seed"])
  best = oracle.ceiling(folder / "truth", inputs, **settings)
  table.add(f"oracle's ceiling{suffix}", *(_cell(best[k]) for k in shots), origin=PLANTED)


def _people(workdir: Path) -> Section:
  result = _json(workdir / "personalize.json")
  users = result["solvers"][result["headline"]]["100"]["users"]
  solver = result["headline"]
  before, after = ([user[key] for user in users] for key in ("srcc_generic", "srcc_personal"))
  title = f"k = 100, {solver}, {SIMULATED}: mean {np.mean(before):.3f} to {np.mean(after):.3f}"
  pictures = [
    Picture("figure6", f"Fig. 6 ({SIMULATED}): each person's generic SROCC and what 100 ratings change. "
            f"Published, on real people: {published.FIGURE_6['generic']} to {published.FIGURE_6['personalized']}.",
            figures.people_bars(before, after, title))
  ]  # fmt: skip
  if users[0]["coverage"] is not None:
    coverage, width = ([user[key] for user in users] for key in ("coverage", "width"))
    caption = f"Do 90 % intervals hold 90 % of held-out ratings? One dot a person ({SIMULATED})."
    pictures.append(Picture("coverage", caption, figures.coverage_by_person(coverage, width, 0.9)))
  return Section("Person by person", "", [], pictures)


def _generic(workdir: Path) -> Section:
  table = Table(
    "generic", f"Image level: the network against the mean of the raters ({SIMULATED})",
    ("test set", "ACC", "always high", "SROCC", "95 % over sources", "PLCC", "EMD"),
  )  # fmt: skip
  for dataset in ("flickr_aes", "ava"):
    found = _predictions(workdir, dataset)
    scores = found["agreement"]["aesthetics"]
    bounds = _interval_over_sources(workdir, dataset, found)
    table.add(
      NAMES[dataset], scores.get("acc"), scores.get("always_high"), scores["srcc"], bounds,
      scores["plcc"], scores.get("emd"),
    )  # fmt: skip
  for method in ("PA_IAA(DenseNet121)", "PA_IAA(Inception-v3)"):
    acc, srcc, emd = published.TABLE_1[method]
    table.add(f"AVA, {method}", acc / 100, None, srcc, None, None, emd, origin=PUBLISHED)
  table.notes = [
    "AVA is scored by the network trained on FLICKR-AES: across scales only ranks are compared (Table III).",
    "The interval draws source photographs, of which there are three: it is wide, and nothing here speaks of content.",
  ]
  return Section("Generic scores", "", [table])


def _joint(workdir: Path) -> Section:
  table = Table(
    "joint", f"Joint training against each task alone ({SIMULATED})",
    ("run", "generic SROCC", *(f"{letter}" for letter in LETTERS), "mean of traits", "change of the backbone"),
  )  # fmt: skip
  for name, folder in (("joint", workdir), ("aesthetics alone", workdir / "aesthetics"), ("traits alone", workdir / "auxiliary")):
    srcc, traits = None, [None] * len(TRAITS)
    if name != "traits alone":
      srcc = _predictions(folder, PRIMARY)["agreement"]["aesthetics"]["srcc"]
    if name != "aesthetics alone":
      agreement = _predictions(folder, "psychoflickr")["agreement"]["auxiliary"]
      traits = [agreement[trait] for trait in TRAITS]
    mean = None if traits[0] is None else float(np.mean(traits))
    table.add(name, srcc, *traits, mean, f"{_last(folder, 'backbone_change_relative'):.2%}")
  for method in ("Inception-v3(personality)", "PA_IAA(Inception-v3)"):
    traits = published.TABLE_2[method]
    table.add(f"Table II, {method}", None, *traits, float(np.mean(traits)), None, origin=PUBLISHED)
  optim = _json(workdir / "config.json")["optim"]
  table.notes = [
    f"Each run: {optim['steps']} steps of {optim['batch_size']} images a stream, the shared weights trained at "
    f"{optim['lr_backbone']:g}. One seed each: differences this small are no finding.",
    "The traits' labels are those of ten test people of the simulated PsychoFlickr, eight photographs each.",
  ]
  return Section("Does the second task help?", "", [table])


def _traits_and_score(workdir: Path) -> Section:
  table = Table("table4", f"Table IV: SROCC of the generic score with each trait ({SIMULATED})", ("database", *LETTERS))
  for dataset in ("ava", "flickr_aes"):
    found = _predictions(workdir, dataset)["agreement"]["score_with_traits"]
    table.add(f"{NAMES[dataset]}, predicted", *(found[trait] for trait in TRAITS))
  truth = pl.read_parquet(workdir / "data" / "raw" / "truth" / "flickr_aes_images.parquet")
  traits = truth.select(TRAITS).to_numpy()
  latent = generic.score_with_traits(truth["generic"].to_numpy(), traits, TRAITS)
  table.add("planted in the simulation", *latent.values(), origin=PLANTED)
  for database, values in published.TABLE_4.items():
    table.add(database, *values, origin=PUBLISHED)
  table.notes = ["The planted row is what the simulation was told, not a finding."]
  return Section("Traits and beauty", "", [table])


def _gallery(workdir: Path, count: int = 5) -> Section:
  found = _predictions(workdir, PRIMARY)
  frame, target = found["frame"], found["labels"]["distribution"]
  source = records.open_split(_prepared(workdir, PRIMARY), "test")
  score_values = source.manifest["scale"]
  order = np.argsort(frame["aesthetic_score"].to_numpy())
  rows = [int(order[i]) for i in np.linspace(0, len(order) - 1, count).round().astype(int)]
  buckets = [f"p{i + 1}" for i in range(len(score_values))]
  figure = galleries.distributions_and_traits(
    [images.load(source[row]["image"], 224, frame["image"][row]) for row in rows],
    frame.select(buckets).to_numpy()[rows], target[rows], frame.select(TRAITS).to_numpy()[rows],
    score_values, TRAITS,
  )  # fmt: skip
  caption = f"Fig. 5 ({SIMULATED}): from the lowest to the highest predicted score; test photographs."
  return Section("What it says of a photograph", "", [], [Picture("figure5", caption, figure)])


def _sources(workdir: Path) -> Section:
  named = _json(workdir / "data" / "raw" / "truth" / "sources.json")
  table = Table("sources", "Source photographs of each split", ("database", "split", "images", "made from"))
  for dataset, name in NAMES.items():
    index = pl.read_parquet(_prepared(workdir, dataset) / "index.parquet")
    for split in records.SPLITS:
      members = index.filter(pl.col("split") == split)["image"].to_list()
      counts = Counter(named[name][image] for image in members)
      table.add(name, split, len(members), ", ".join(f"{source} {n}" for source, n in sorted(counts.items())))
  text = (
    "Every photograph is a crop and an edit of one of a few real ones. No test photograph shares its source "
    "with a training photograph."
  )
  return Section("Where the photographs come from", text, [table])


def _interval_over_sources(workdir: Path, dataset: str, found: dict[str, Any]) -> str:
  """95 % bootstrap interval of the SROCC over source photographs."""
  named = _json(workdir / "data" / "raw" / "truth" / "sources.json")[NAMES[dataset]]
  groups = np.array([named[image] for image in found["frame"]["image"]])
  target = found["labels"]["distribution"]
  ours = found["frame"]["aesthetic_score"].to_numpy()
  theirs = target @ np.arange(target.shape[1])
  statistic = lambda rows: float(generic.metrics.srcc(ours[rows], theirs[rows]))  # noqa: E731
  random = rng.generator(0, "report/sources")
  return interval(*generic.interval_over_groups(statistic, groups, random))


def _predictions(folder: Path, dataset: str) -> dict[str, Any]:
  stem = folder / "predictions" / f"{dataset}_test"
  return {
    "agreement": _json(stem.with_suffix(".json")),
    "frame": pl.read_parquet(stem.with_suffix(".parquet")),
    "labels": np.load(stem.with_suffix(".npz")),
  }


def _prepared(workdir: Path, dataset: str) -> Path:
  return workdir / "data" / "prepared" / dataset


def _last(folder: Path, metric: str) -> float:
  """The last value of a metric that a run logged."""
  lines = (folder / "metrics.jsonl").read_text().splitlines()
  return [json.loads(line)[metric] for line in lines if metric in line][-1]


def _cell(side: dict[str, float]) -> str:
  return mean_std((side["mean"], side["std"]))


def _json(path: Path) -> Any:
  if not path.is_file():
    raise FileNotFoundError(f"{path} is missing: run python -m launch.quickstart with this --workdir first.")
  return json.loads(path.read_text(encoding="utf-8"))
