r"""Anybody's personal scores under the public protocol (paiaa_jax/apps/benchmark/protocol.md).

    python -m launch.benchmark --ratings=/data/prepared/flickr_aes --splits_out=splits.parquet

writes where each split draws each image: it is one of a user's k shots where position < k. Fit on
the shots' ratings, score the other images, and

    python -m launch.benchmark --ratings=/data/prepared/flickr_aes --predictions=ours.parquet \
      --against=generic.csv --out=runs/benchmark

prints SROCC with intervals and, with --against, the test over people; --out also gets result.json,
per_user.csv, tables, pictures and report.html. A file of predictions has columns path, score and
any of user, split, k; a score does not depend on an absent one. Without --k, its k are evaluated.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from absl import flags

from launch import cli_errors
from paiaa_jax.errors import UserError

FLAGS = flags.FLAGS


def main(_) -> None:
  from paiaa_jax.apps.benchmark import read_people, run, show
  from paiaa_jax.reporting.table import print_tables

  if not (FLAGS.predictions or FLAGS.splits_out):
    raise UserError("give --predictions=FILE to score, or --splits_out=FILE to write the splits.")
  users, database = read_people.read(Path(FLAGS.ratings), FLAGS.dataset)
  draws = {"num_splits": FLAGS.splits, "seed": FLAGS.seed}
  if FLAGS.splits_out:
    rows = read_people.write_splits(users, Path(FLAGS.splits_out), **draws)
    print(f"{rows:,} rows written to {FLAGS.splits_out}")
  if not FLAGS.predictions:
    return
  ours, against = Path(FLAGS.predictions), Path(FLAGS.against) if FLAGS.against else None
  result = {
    "name": FLAGS.name or ours.stem,
    "against": (FLAGS.against_name or against.stem) if against else None,
    "database": FLAGS.label or database,
    **run.evaluate_files(users, ours, against, _asked_shots(), **draws),
  }
  print_tables(show.tables(result))
  if FLAGS.out:
    command = shlex.join(["python", "-m", "launch.benchmark", *sys.argv[1:]])
    facts = show.facts(command, result, {"predictions": ours, "against": against})
    print(f"written: {show.write(result, Path(FLAGS.out), facts)}")


def _asked_shots() -> list[int]:
  """--k as numbers."""
  if wrong := [k for k in FLAGS.k if not k.strip().isdecimal()]:
    raise UserError(f"--k holds {wrong[0]!r}; it takes whole numbers, such as --k=10,100.")
  return [int(k) for k in FLAGS.k]


if __name__ == "__main__":
  flags.DEFINE_string(
    "ratings", None, "A prepared folder, a distributor's, or a table user, path, score.",
    required=True,
  )  # fmt: skip
  flags.DEFINE_string("dataset", "flickr_aes", "What a distributor's folder holds.")
  flags.DEFINE_string("predictions", "", "Table path, score and any of user, split, k.")
  flags.DEFINE_string("against", "", "Such a table to compare with, e.g. the generic scores.")
  flags.DEFINE_string("name", "", "Of the predictions in tables; by default their file's.")
  flags.DEFINE_string("against_name", "", "Of what they are compared with.")
  flags.DEFINE_string("label", "", "Of the people, e.g. 'simulated raters'; else the database's.")
  flags.DEFINE_list("k", [], "Ratings shown; by default the predictions' own, else 10,100.")
  flags.DEFINE_integer("splits", 50, "Splits a user; the protocol has 50.", lower_bound=1)
  flags.DEFINE_integer("seed", 0, "Of the splits; the protocol's is 0.")
  flags.DEFINE_string("splits_out", "", "Write the splits here, .csv or .parquet.")
  flags.DEFINE_string("out", "", "Write figures, tables and a page into this folder.")
  cli_errors.run(main)
