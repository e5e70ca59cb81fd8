r"""Learning curves of runs: training losses, and SROCC on photographs that none was trained on.

    python -m benchmarks.learning_curve --data=prepared/oasis --out=learning_curve.png \
        "the paper's schedule=runs/paper" "a recipe that learns=runs/recipe"

Each run must have kept its checkpoints (`--config.checkpoint.keep=50`): each is scored on the test
split. Prints a row a checkpoint.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from ml_collections import ConfigDict

from paiaa_jax import files, look
from paiaa_jax.apps import evaluate_model
from paiaa_jax.training import init_state, setup
from paiaa_jax.training.checkpoint import Checkpoints
from paiaa_jax.training.export import export
from paiaa_jax.training.setup import Run
from studies.sweeps import read_metrics

Curve = tuple[np.ndarray, np.ndarray]


def on_test(workdir: Path, config: ConfigDict, run: Run, data: Path) -> Curve:
  """(epochs, SROCC on the test split), at each checkpoint that is there."""
  state = init_state.abstract_state(run, config)
  checkpoints = Checkpoints(workdir.absolute() / "checkpoints", keep=10**6, best="srcc")
  found = []
  for step in checkpoints.steps:
    with tempfile.TemporaryDirectory() as folder:
      export(run, config, checkpoints.restore(step, state), Path(folder) / "model")
      _, told = evaluate_model.evaluate(Path(folder), data, "test")
    found.append((step / run.epoch_steps, told["aesthetics"]["srcc"]))
    print(f"{workdir}  step {step}  epoch {found[-1][0]:.0f}  SROCC {found[-1][1]:.3f}", flush=True)
  checkpoints.close()
  return tuple(np.array(found).T)


def losses(workdir: Path, epoch_steps: float) -> Curve:
  """(epochs, the aesthetics loss of the batches of each epoch)."""
  rows = read_metrics(workdir)
  by_step = {row["step"]: row["loss_aesthetics"] for row in rows if "loss_aesthetics" in row}
  epoch = np.array([np.ceil(step / epoch_steps) for step in by_step])
  value = np.array(list(by_step.values()))
  epochs = np.unique(epoch)
  return epochs, np.array([value[epoch == one].mean() for one in epochs])


def draw(runs: dict[str, tuple[Curve, Curve]]) -> Figure:
  """Losses on the left, SROCC on the right; a color a run."""
  figure = Figure(figsize=(8.5, 3.2), layout="constrained")
  left, right = figure.subplots(1, 2)
  for color, (name, (loss, srcc)) in zip(itertools.cycle(look.CYCLE), runs.items(), strict=False):
    left.plot(*loss, color=color, label=name)
    right.plot(*srcc, color=color, marker=".", label=name)
  left.set(xlabel="epoch", ylabel="loss of the distribution (Eq. 2)", yscale="log")
  right.set(xlabel="epoch", ylabel="SROCC, photographs held out", ylim=(-0.2, 0.85))
  for axis in (left, right):
    axis.spines[["top", "right"]].set_visible(False)
  right.legend(frameon=False, fontsize=8)
  return figure


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
  parser.add_argument("runs", nargs="+", metavar="NAME=WORKDIR")
  parser.add_argument("--data", type=Path, required=True, help="prepared folder with a test split")
  parser.add_argument("--out", type=Path, required=True, help="picture")
  options = parser.parse_args()
  curves = {}
  for name, workdir in (given.split("=", 1) for given in options.runs):
    folder = Path(workdir)
    config = ConfigDict(files.read_json(folder / "config.json"))
    run = setup.prepare(config)
    curves[name] = losses(folder, run.epoch_steps), on_test(folder, config, run, options.data)
  draw(curves).savefig(options.out, dpi=150)


if __name__ == "__main__":
  main()
