"""Verifies a database and packs it for training.

  python -m launch.prepare_data --dataset=ava --source=/data/AVA --out=/data/prepared

writes /data/prepared/ava (ArrayRecord files, tables, manifest.json, left_out.csv), prints the
manifest, and a summary on stderr. Stopped, it goes on where it was when it is called again; what is
prepared already is left as it is, so remove the folder to have it made anew. A copy that lacks more
than 1 % of its images is refused, unless --allow_missing. --verify_only writes nothing.
"""

import functools
import json
import sys
from pathlib import Path

from absl import flags
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from launch import cli_errors
from paiaa_jax.errors import UserError

DATASET = flags.DEFINE_string(
  "dataset",
  None,
  "Such as ava, or table for a table of your own; an unknown name is answered by the list.",
  required=True,
)
SOURCE = flags.DEFINE_string(
  "source", None, "The distributor's folder; for `table`, a csv, jsonl or parquet.", required=True
)
OUT = flags.DEFINE_string("out", None, "Where prepared folders live; this one is OUT/NAME.")
NAME = flags.DEFINE_string("name", None, "The prepared folder's name; by default the dataset's.")
OPTIONS = flags.DEFINE_multi_string(
  "option", [], "NAME=VALUE, a choice the dataset offers, such as --option=traits=self."
)
SHORTER_SIDE = flags.DEFINE_integer(
  "shorter_side",
  350,
  "Pixels, bound of the shorter side: data.resize of the training to come, the largest where there "
  "are several; 0 packs the files untouched.",
  lower_bound=0,
)
WORKERS = flags.DEFINE_integer("workers", 0, "Processes; 0: one per core.", lower_bound=0)
ALLOW_MISSING = flags.DEFINE_bool(
  "allow_missing", False, "Pack what is there, where more than 1 % of the images cannot be read."
)
VERIFY_ONLY = flags.DEFINE_bool("verify_only", False, "Check everything, write nothing.")


def main(_):
  from paiaa_jax.data import databases, prepare  # here, as every worker process imports this file

  out = Path(OUT.value) if OUT.value else None
  if VERIFY_ONLY.value:
    act = prepare.verify
  elif out:
    act = functools.partial(prepare.prepare, out=out)
  else:
    raise UserError("say where to write, --out=DIR, or only check with --verify_only.")
  source = Path(SOURCE.value)
  database = _load(DATASET.value, source, OPTIONS.value)
  database = database._replace(name=NAME.value or DATASET.value)
  columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
  console = Console(stderr=True)
  with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
    task = bar.add_task(database.name, total=database.images.height)
    prepared = act(
      database,
      source,
      shorter_side=SHORTER_SIDE.value,
      workers=WORKERS.value,
      progress=lambda done, total: bar.update(task, completed=done, total=total),
      allow_missing=ALLOW_MISSING.value,
    )
  print(prepare.describe(prepared), file=sys.stderr)
  offered = ", ".join(f"{k}={v}" for k, v in databases.options(DATASET.value).items())
  print(f"  options, with their defaults: {offered}", file=sys.stderr)
  json.dump(prepared.manifest, sys.stdout, indent=2)
  print()


def _load(name, source, options):
  """The database of that name, with the options given as NAME=VALUE."""
  from paiaa_jax.data import databases

  if name not in databases.DATABASES:
    raise UserError(
      f"unknown dataset {name!r}; --dataset is one of {', '.join(databases.DATABASES)}."
    )
  if not source.exists():
    raise UserError(f"no such file or folder: {source} (--source)")
  chosen = dict(option.partition("=")[::2] for option in options)
  offered = databases.options(name)
  if unknown := sorted(set(chosen) - set(offered)):
    raise UserError(f"{name} has no option {unknown[0]!r}; it has {', '.join(offered) or 'none'}.")
  options = {name: _converted(name, text, offered[name]) for name, text in chosen.items()}
  return databases.load(name, source, **options)


def _converted(name, text, default):
  """An option's text as a value of its default's type."""
  try:
    return type(default)(text)
  except ValueError as error:
    kind = type(default).__name__
    raise UserError(f"--option={name}={text}: {text!r} is no {kind}.") from error


if __name__ == "__main__":
  cli_errors.run(main)
