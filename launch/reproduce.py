"""Makes the paper's tables and figures from prepared databases, with the paper's rows and columns.

    python -m launch.reproduce --config=configs/reproduce.py --workdir=runs/paper --all
    python -m launch.reproduce ... --table=1 --table=5 --figure=6 --ablation

Trains and evaluates what is missing, and writes WORKDIR/report.html, tables/ (csv, json, LaTeX) and
figures/. After a stop, the same command continues. Every row names the run that it was measured on,
or says that it is published.

Many machines can share the work, which consists of chains of steps. `--list` prints the chains;
`--chain=I` runs one of them, and `--chain=-1` the databases, which come first. Without either flag,
everything is run and the report is written.

    python -m launch.reproduce --config=... --workdir=... --all --chain=-1
    N=$(python -m launch.reproduce --config=... --workdir=... --all --list | wc -l)
    sbatch --array=0-$((N - 1)) launch/slurm/reproduce.sh --config=... --workdir=... --all
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from absl import flags
from ml_collections import config_flags

from launch import cli_errors, distributed
from paiaa_jax.errors import UserError

DATABASES = -1  # --chain of what comes before every run
CONFIG = config_flags.DEFINE_config_file("config", None, "Reproduction.", lock_config=True)
WORKDIR = flags.DEFINE_string("workdir", None, "Where everything is written.", required=True)
ALL = flags.DEFINE_bool("all", False, "Every table and figure, and the ablation.")
TABLE = flags.DEFINE_multi_enum("table", [], list("12345"), "Of the paper; may be repeated.")
FIGURE = flags.DEFINE_multi_enum("figure", [], list("4567"), "Of the paper; may be repeated.")
ABLATION = flags.DEFINE_bool("ablation", False, "Joint and single task, PA_IAA and MT_IAA.")
LIST = flags.DEFINE_bool("list", False, "Prints number and name of every chain.")
CHAIN = flags.DEFINE_integer("chain", None, "Runs one chain only.", lower_bound=DATABASES)


def main(_) -> None:
  from studies import in_process, steps
  from studies.reproduce import plan, report
  from studies.reproduce.claim import claim
  from studies.reproduce.study import from_config

  study = from_config(CONFIG.value.to_dict(), Path(WORKDIR.value))
  parts = _parts(plan.PARTS)
  chains = {DATABASES: plan.databases(study), **dict(enumerate(plan.chains(study, parts)))}
  if LIST.value:
    del chains[DATABASES]
    print("\n".join(f"{number} {chain.name}" for number, chain in chains.items()))
    return
  if CHAIN.value is not None and CHAIN.value not in chains:
    raise UserError(f"--chain={CHAIN.value}: there are chains 0..{len(chains) - 2}; see --list.")
  distributed.initialize()  # on a cluster, NUM_DEVICES of launch/slurm/reproduce.sh
  claim(study)
  here = in_process.verbs()
  for number, chain in chains.items():
    if CHAIN.value in (None, number):
      place = f"[{number + 1}/{len(chains) - 1}] {chain.name}: "
      steps.run(chain.folder, chain.steps, here=here, place=place)
  if CHAIN.value is None:
    print(f"report: {report.write(study, parts)}")


def _parts(known: Iterable[str]) -> list[str]:
  """The parts that the flags name."""
  if ALL.value:
    return list(known)
  parts = [f"table{n}" for n in TABLE.value] + ["ablation"] * ABLATION.value
  parts += [f"figure{n}" for n in FIGURE.value]
  if not parts:
    raise UserError("say what to reproduce: --all, or --table=1..5, --figure=4..7, --ablation.")
  return parts


if __name__ == "__main__":
  flags.mark_flag_as_required("config")
  cli_errors.run(main)
