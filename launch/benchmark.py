r"""Anybody's personal scores under the public protocol (paiaa_jax/apps/benchmark/protocol.md).

    python -m launch.benchmark --ratings=/data/prepared/flickr_aes --splits_out=splits.parquet

writes where each split draws each image: it is one of a user's k shots where position < k. Fit on
the shots' ratings, score the other images, and

    python -m launch.benchmark --ratings=/data/prepared/flickr_aes --predictions=ours.parquet \
      --against=generic.csv --out=runs/benchmark

prints SROCC with intervals and, with --against, the test over people; --out also gets result.json,
per_user.csv, tables, pictures and report.html. A file of predictions has columns image, score and
any of user, split, k; a score does not depend on an absent one. Without --k, its k are evaluated.
"""

from __future__ import annotations

import hashlib
import platform
import shlex
import sys
from pathlib import Path

from absl import flags

from launch import cli_errors
from paiaa_jax import files
from paiaa_jax.errors import UserError

FLAGS = flags.FLAGS


def main(_) -> None:
  from paiaa_jax.apps.benchmark import read_people
  from paiaa_jax.personalization.splits import Protocol, draw_splits

  if not (FLAGS.predictions or FLAGS.splits_out):
    raise UserError("give --predictions=FILE to score, or --splits_out=FILE to write the splits.")
  if FLAGS.splits < 1:
    raise UserError(f"--splits={FLAGS.splits}; there must be at least 1.")
  users, database = read_people.read(Path(FLAGS.ratings), FLAGS.dataset)
  if FLAGS.splits_out:
    splits = draw_splits(users, Protocol(num_splits=FLAGS.splits, seed=FLAGS.seed))
    write_splits(read_people.splits_table(users, splits), Path(FLAGS.splits_out))
  if FLAGS.predictions:
    score(users, database)


def write_splits(table, path: Path) -> None:
  """As csv or parquet, by the file's name."""
  if path.suffix not in (".csv", ".parquet"):
    raise UserError(f"--splits_out={path} ends in neither .csv nor .parquet.")
  files.write_frame(path, table)
  print(f"{len(table):,} rows written to {path}")


def score(users, database: str) -> None:
  """Reads the predictions, prints the table and writes --out."""
  from rich.console import Console

  from paiaa_jax.apps.benchmark import read_scores, run, show
  from paiaa_jax.personalization.splits import Protocol, draw_splits

  ours, against = Path(FLAGS.predictions), Path(FLAGS.against) if FLAGS.against else None
  table = read_scores.read(ours)
  shots = read_scores.choose_shots(table, asked_shots(), ours)
  splits = draw_splits(users, Protocol(shots, FLAGS.splits, FLAGS.seed))
  mine = read_scores.arrange(table, ours, users, splits)
  theirs = None
  if against:
    table = read_scores.read(against)
    read_scores.choose_shots(table, shots, against)
    theirs = read_scores.arrange(table, against, users, splits)
  result = {
    "name": FLAGS.name or ours.stem,
    "against": (FLAGS.against_name or against.stem) if against else None,
    "database": FLAGS.label or database,
    **run.evaluate(users, splits, mine, theirs, FLAGS.seed),
  }
  for shown in show.tables(result):
    Console().print(shown.to_terminal())
  if FLAGS.out:
    print(f"written: {show.write(result, Path(FLAGS.out), facts(ours, against, result))}")


def asked_shots() -> list[int]:
  """--k as numbers."""
  if wrong := [k for k in FLAGS.k if not k.strip().isdecimal()]:
    raise UserError(f"--k holds {wrong[0]!r}; it takes whole numbers, such as --k=10,100.")
  return [int(k) for k in FLAGS.k]


def facts(ours: Path, against: Path | None, result: dict) -> dict[str, str]:
  """What was run on what, for the page's foot."""
  files = {"predictions": ours, "against": against}
  return {
    "command": shlex.join(["python", "-m", "launch.benchmark", *sys.argv[1:]]),
    "database": f"{result['database']}: {result['people']} people, {result['ratings']:,} ratings",
    "protocol": f"version {result['protocol']}, seed {result['seed']}",
    **{f"sha256 of {what}": _digest(path) for what, path in files.items() if path},
    "python": platform.python_version(),
  }


def _digest(path: Path) -> str:
  with path.open("rb") as file:
    return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
  flags.DEFINE_string(
    "ratings", None, "A prepared folder, a distributor's, or a table user, image, score.",
    required=True,
  )  # fmt: skip
  flags.DEFINE_string("dataset", "flickr_aes", "What a distributor's folder holds.")
  flags.DEFINE_string("predictions", "", "Table image, score and any of user, split, k.")
  flags.DEFINE_string("against", "", "Such a table to compare with, e.g. the generic scores.")
  flags.DEFINE_string("name", "", "Of the predictions in tables; by default their file's.")
  flags.DEFINE_string("against_name", "", "Of what they are compared with.")
  flags.DEFINE_string("label", "", "Of the people, e.g. 'simulated raters'; else the database's.")
  flags.DEFINE_list("k", [], "Ratings shown; by default the predictions' own, else 10,100.")
  flags.DEFINE_integer("splits", 50, "Splits a user; the protocol has 50.")
  flags.DEFINE_integer("seed", 0, "Of the splits; the protocol's is 0.")
  flags.DEFINE_string("splits_out", "", "Write the splits here, .csv or .parquet.")
  flags.DEFINE_string("out", "", "Write figures, tables and a page into this folder.")
  cli_errors.run(main)
