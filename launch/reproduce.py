"""The paper's tables and figures, from prepared databases, in the paper's own rows and columns.

    python -m launch.reproduce --config=configs/reproduce.py --workdir=runs/paper --all
    python -m launch.reproduce ... --table=1 --table=5 --figure=6 --ablation

Trains what is missing, evaluates it, and writes WORKDIR/report.html, tables/ (csv, json, LaTeX) and
figures/. Stopped anywhere, the same command goes on with what is missing. Every row says the run
that it was measured on, or that it is published.

Many machines share the work: `--list` prints the chains, `--chain=I` runs one of them and nothing
else (the databases come first: `--chain=-1`), and without either the report is made from all.

    python -m launch.reproduce --config=... --workdir=... --all --chain=-1
    N=$(python -m launch.reproduce --config=... --workdir=... --all --list | wc -l)
    sbatch --array=0-$((N - 1)) launch/slurm/reproduce.sh --config=... --workdir=... --all
"""

from __future__ import annotations

import functools
import sys
from pathlib import Path

from absl import flags
from ml_collections import config_flags
from rich.console import Console

from launch import cli_errors
from studies import config_file, steps

DATABASES = -1  # --chain of what comes before every run
CONFIG = config_flags.DEFINE_config_file("config", None, "Reproduction.", lock_config=True)
WORKDIR = flags.DEFINE_string("workdir", None, "Where everything is written.")
ALL = flags.DEFINE_bool("all", False, "Every table and figure, and the ablation.")
TABLE = flags.DEFINE_multi_enum("table", [], list("12345"), "Of the paper; may be repeated.")
FIGURE = flags.DEFINE_multi_enum("figure", [], list("4567"), "Of the paper; may be repeated.")
ABLATION = flags.DEFINE_bool("ablation", False, "Joint and single task, PA_IAA and MT_IAA.")
LIST = flags.DEFINE_bool("list", False, "Prints number and name of every chain.")
CHAIN = flags.DEFINE_integer("chain", None, "Runs one chain only.", lower_bound=DATABASES)


def main(_) -> None:
  from studies.reproduce import plan, report
  from studies.reproduce.claim import claim
  from studies.reproduce.study import from_config

  study = from_config(CONFIG.value.to_dict(), Path(WORKDIR.value))
  parts = _parts(plan.PARTS)
  chains = plan.chains(study, parts)
  if LIST.value:
    for number, chain in enumerate(chains):
      print(number, chain.name)
    return
  claim(study)
  here = _here()
  if CHAIN.value is not None:
    _run(_chosen(chains, plan.databases(study)), here)
  else:
    _run(plan.databases(study), here)
    for number, chain in enumerate(chains, 1):
      _run(chain, here, f"[{number}/{len(chains)}] ")
    tables, path = report.write(study, parts)
    for table in tables:
      Console().print(table.to_terminal())
    print(f"written: {path}")


def _parts(known) -> list[str]:
  """The parts that the flags name."""
  if ALL.value:
    return list(known)
  parts = [f"table{n}" for n in TABLE.value] + ["ablation"] * ABLATION.value
  parts += [f"figure{n}" for n in FIGURE.value]
  if not parts:
    raise ValueError("say what to reproduce: --all, or --table=1..5, --figure=4..7, --ablation.")
  return parts


def _chosen(chains, databases):
  if CHAIN.value == DATABASES:
    return databases
  if CHAIN.value >= len(chains):
    raise ValueError(f"--chain={CHAIN.value}: there are chains 0..{len(chains) - 1}; see --list.")
  return chains[CHAIN.value]


def _run(chain, here, place: str = "") -> None:
  """The chain's steps that have not been done yet; all rest on the first, a run's training."""
  first = ""
  for step in chain.steps:
    what = f"{place}{chain.name}: {step.verb}"
    work = functools.partial(here[step.verb], step) if step.verb in here else None
    done = steps.run(chain.folder / step.name, what, step.command, work, after=first)
    first = first or done


def _train(programs, step) -> None:
  from paiaa_jax.training import loop, preemption

  try:
    loop.train(_config(step), step.flags["workdir"], programs)
  except preemption.Preempted as stop:
    print(stop, file=sys.stderr)
    sys.exit(preemption.EXIT_CODE)


def _evaluate(step) -> None:
  from paiaa_jax.apps import evaluate_model

  flags = {"features": False, **step.flags}
  evaluate_model.evaluate(Path(flags["workdir"]), flags["data"], flags["split"], flags["features"])


def _personalize(step) -> None:
  from launch import personalize

  personalize.evaluate(_config(step), Path(step.flags["workdir"]))


def _baselines(step) -> None:
  from launch import baselines

  only = step.flags["only"].split(",")
  baselines.evaluate(_config(step), Path(step.flags["workdir"]), only)


def _here():
  """The verbs that run in this process: what many runs share is compiled once."""
  from paiaa_jax.training.programs import Programs

  return {
    "train": functools.partial(_train, Programs()),
    "evaluate": _evaluate,
    "personalize": _personalize,
    "baselines": _baselines,
  }


def _config(step):
  """The step's run config, as its command would have it."""
  config = config_file.load(step.config).lock()
  config.update_from_flattened_dict(dict(step.fields))
  return config


if __name__ == "__main__":
  flags.mark_flags_as_required(["config", "workdir"])
  cli_errors.run(main)
