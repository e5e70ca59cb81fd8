"""The main job, from photographs to a report: every step is a command that you can run yourself.

    python -m launch.quickstart --workdir=runs/quickstart [--photos=DIR] [--seed=0]

A step that has been done in this workdir is not done again; a new workdir starts afresh.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from absl import flags

from launch import cli_errors
from studies import steps

CONFIG = "configs/quickstart.py"
DATASETS = {"ava": "AVA", "flickr_aes": "FLICKR-AES", "psychoflickr": "PsychoFlickr"}
SINGLE_TASKS = ("aesthetics", "auxiliary")
TASTES = ("null", "heavy_tails")
FLAGS = flags.FLAGS


def plan(workdir: Path, seed: int, photos: str, short: int = 0) -> Iterator[tuple[str, list[str]]]:
  """(what it does, module and flags) of every step, in order; `short` cuts the trainings."""
  raw, prepared = workdir / "data" / "raw", workdir / "data" / "prepared"
  own = [f"--photos={photos}"] if photos else []
  yield (
    "simulate raters over real photographs",
    ["launch.simulate_data", f"--out={raw}", f"--seed={seed}", *own],
  )
  for dataset, folder in DATASETS.items():
    source = f"--source={raw / folder}"
    yield (
      f"prepare {dataset}",
      ["launch.prepare_data", f"--dataset={dataset}", source, f"--out={prepared}"],
    )

  run = [
    f"--config={CONFIG}",
    f"--config.seed={seed}",
    f"--config.data.aesthetics={prepared / 'flickr_aes'}",
    f"--config.data.auxiliary={prepared / 'psychoflickr'}",
  ]
  if short:
    run.append(f"--config.optim.steps={short}")
  yield "train both tasks jointly", ["launch.train", *run, f"--workdir={workdir}"]
  for task in SINGLE_TASKS:
    single = [*run, f"--workdir={workdir / task}", f"--config.train.tasks={task}"]
    yield f"train {task} alone", ["launch.train", *single]

  for dataset in DATASETS:
    yield f"evaluate on {dataset}", evaluate(workdir, prepared / dataset)
  yield "evaluate aesthetics alone", evaluate(workdir / "aesthetics", prepared / "flickr_aes")
  yield "evaluate the traits alone", evaluate(workdir / "auxiliary", prepared / "psychoflickr")

  yield "personalize 37 people", ["launch.personalize", *run, f"--workdir={workdir}"]
  for taste in TASTES:
    ratings = workdir / "data" / taste
    simulate = ["launch.simulate_data", f"--out={ratings}", f"--seed={seed}", f"--{taste}", *own]
    yield f"simulate tastes: {taste}", simulate
    others = f"--config.personalize.ratings={ratings / 'FLICKR-AES'}"
    out = f"--config.personalize.name={taste}"
    yield f"personalize: {taste}", ["launch.personalize", *run, f"--workdir={workdir}", others, out]
  yield "write the report", ["launch.report", f"--workdir={workdir}"]


def evaluate(workdir: Path, data: Path) -> list[str]:
  return ["launch.evaluate", f"--workdir={workdir}", f"--data={data}", "--split=test"]


def main(_) -> None:
  workdir = Path(FLAGS.workdir)
  *first, report = plan(workdir, FLAGS.seed, FLAGS.photos, FLAGS.steps)
  for number, (what, command) in enumerate(first):
    steps.run(workdir / "steps" / f"{number:02d}", what, command)
  steps.run(workdir / "steps" / "report", *report, again=True)


if __name__ == "__main__":
  flags.DEFINE_string("workdir", "runs/quickstart", "Where everything is written.")
  flags.DEFINE_string("photos", "", "A folder of your own photographs to simulate raters over.")
  flags.DEFINE_integer("seed", 0, "Of the simulation, the training and the splits.")
  flags.DEFINE_integer("steps", 0, "Steps of each training, to try the road; 0: the config's.")
  cli_errors.run(main)
