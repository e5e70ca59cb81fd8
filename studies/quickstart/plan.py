"""The steps of the quickstart, from photographs to personal scores: each is a command of launch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studies import run_folder
from studies.published import DATABASES
from studies.steps import Command, Step

CONFIG = "configs/quickstart.py"
SINGLE_TASKS = {"aesthetics": "flickr_aes", "auxiliary": "psychoflickr"}  # and their databases
TASTES = ("null", "heavy_tails")


def steps(workdir: Path, seed: int, photos: str = "", short: int = 0) -> Iterator[Step]:
  """Every step, in order.

  Args:
    workdir: everything is written there.
    seed: of the simulation, the trainings and the splits.
    photos: a folder of one's own photographs to simulate raters over.
    short: steps of each training; 0: the config's.
  """
  raw = workdir / "data" / "raw"
  given = {"seed": seed} | ({"photos": photos} if photos else {})
  simulate = Command("simulate_data", flags={"out": raw, **given})
  yield Step("simulate", "simulate raters over real photographs", simulate)
  for dataset, folder in DATABASES.items():
    flags = {"dataset": dataset, "source": raw / folder, "out": workdir / "data" / "prepared"}
    prepare = Command("prepare_data", flags=flags)
    yield Step(f"prepare_{dataset}", f"prepare {dataset}", prepare, ("simulate",))

  fields: dict[str, Any] = {"seed": seed} | ({"optim.steps": short} if short else {})
  for stream, dataset in SINGLE_TASKS.items():
    fields[f"data.{stream}"] = str(run_folder.prepared(workdir, dataset))
  both = tuple(f"prepare_{dataset}" for dataset in SINGLE_TASKS.values())
  train = Command("train", CONFIG, fields, {"workdir": workdir})
  yield Step("train", "train both tasks jointly", train, both)
  for task in SINGLE_TASKS:
    train = Command("train", CONFIG, fields | {"train.tasks": task}, {"workdir": workdir / task})
    yield Step(f"train_{task}", f"train {task} alone", train, both)

  for dataset in DATABASES:
    after = "train", f"prepare_{dataset}"
    what = f"evaluate on {dataset}"
    yield Step(f"evaluate_{dataset}", what, _evaluate(workdir, workdir, dataset), after)
  for task, dataset in SINGLE_TASKS.items():
    evaluate = _evaluate(workdir, workdir / task, dataset)
    yield Step(f"evaluate_{task}", f"evaluate {task} alone", evaluate, (f"train_{task}",))

  evaluated = "evaluate_flickr_aes"
  personalize = Command("personalize", CONFIG, fields, {"workdir": workdir})
  yield Step("personalize", "personalize 37 people", personalize, (evaluated,))
  for taste in TASTES:
    ratings, name = workdir / "data" / taste, f"simulate_{taste}"
    simulate = Command("simulate_data", flags={"out": ratings, **given, taste: True})
    yield Step(name, f"simulate tastes: {taste}", simulate)
    others = {"personalize.ratings": str(ratings / DATABASES["flickr_aes"])}
    others |= fields | {"personalize.name": taste}
    personalize = Command("personalize", CONFIG, others, {"workdir": workdir})
    yield Step(f"personalize_{taste}", f"personalize: {taste}", personalize, (evaluated, name))


def _evaluate(workdir: Path, run: Path, dataset: str) -> Command:
  data = run_folder.prepared(workdir, dataset)
  return Command("evaluate", flags={"workdir": run, "data": data, "split": "test"})
