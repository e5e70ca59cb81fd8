r"""Measures personal scores under the public protocol (paiaa_jax/apps/benchmark/protocol.md).

    python -m launch.benchmark --ratings=/data/prepared/flickr_aes --splits_out=splits.parquet

writes each image's position in each split: the images at positions below k are a user's k shots.
Fit on the ratings of the shots, score the other images, and then

    python -m launch.benchmark --ratings=/data/prepared/flickr_aes --predictions=ours.parquet \
      --against=generic.csv --out=runs/benchmark

prints SROCC with intervals and, with --against, the test over users; --out also gets result.json,
per_user.csv, tables, pictures and report.html. A file of predictions has the columns path, score
and any of user, split, k; where one is absent, the score holds for all its values. Without --k, the
file's k are evaluated.

    python -m launch.benchmark --ratings=ratings.csv --features=siglip.parquet --solver=taste

needs no predictions. It fits any solver or baseline on vectors of the photographs (the file is
described in paiaa_jax/data/vectors.py) and compares it with a generic score, which is learned from
the users whose rows have `train` in the ratings' column `split`, on photographs that no other user
rated (studies/on_features.py).
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

from absl import flags

from launch import cli_errors
from paiaa_jax.errors import UserError

FLAGS = flags.FLAGS


def main(_) -> None:
  from paiaa_jax.apps.benchmark import read_people, run, show
  from paiaa_jax.reporting.table import print_tables

  if FLAGS.predictions and FLAGS.features:
    raise UserError("give --predictions or --features, not both.")
  if not (FLAGS.predictions or FLAGS.features or FLAGS.splits_out):
    raise UserError("give --predictions=FILE to score, or --splits_out=FILE to write the splits.")
  source, draws = Path(FLAGS.ratings), {"num_splits": FLAGS.splits, "seed": FLAGS.seed}
  if FLAGS.splits_out:
    users, _ = read_people.read(source, FLAGS.dataset)
    rows = read_people.write_splits(users, Path(FLAGS.splits_out), **draws)
    print(f"{rows:,} rows written to {FLAGS.splits_out}")
  if FLAGS.features:
    given = {"features": Path(FLAGS.features)}
    result = _on_features(source, given["features"], **draws)
  elif FLAGS.predictions:
    users, database = read_people.read(source, FLAGS.dataset)
    ours, against = Path(FLAGS.predictions), Path(FLAGS.against) if FLAGS.against else None
    given = {"predictions": ours, "against": against}
    result = {
      "name": FLAGS.name or ours.stem,
      "against": (FLAGS.against_name or against.stem) if against else None,
      "database": FLAGS.label or database,
      **run.evaluate_files(users, ours, against, _asked_shots(), **draws),
    }
  else:
    return
  print_tables(show.tables(result))
  if FLAGS.out:
    command = shlex.join(["python", "-m", "launch.benchmark", *sys.argv[1:]])
    facts = show.facts(command, result, given)
    print(f"written: {show.write(result, Path(FLAGS.out), facts)}")


def _on_features(source: Path, file: Path, *, num_splits: int, seed: int) -> dict[str, Any]:
  """Figures of --solver on vectors in a file, compared with the generic score of those vectors."""
  from paiaa_jax.apps.benchmark import SHOTS, read_people, run
  from paiaa_jax.apps.benchmark.read_scores import Scores
  from paiaa_jax.data import vectors
  from paiaa_jax.personalization.splits import Protocol, draw_splits
  from studies import on_features

  ratings, database = read_people.read_ratings(source, FLAGS.dataset)
  inputs = on_features.learn(ratings, vectors.read(file), database)
  shots = tuple(sorted(set(_asked_shots()))) or SHOTS
  splits = draw_splits(inputs.rated.users, Protocol(shots, num_splits, seed))
  ours = Scores(on_features.predict(inputs, FLAGS.solver, splits), ())
  generic = Scores(on_features.generic_scores(inputs, splits), ())
  return {
    "name": FLAGS.name or f"{FLAGS.solver} on {file.stem}",
    "against": FLAGS.against_name or f"ridge on {file.stem}, before any rating",
    "database": FLAGS.label or database,
    **run.evaluate(inputs.rated.users, splits, ours, generic, seed),
  }


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
  flags.DEFINE_string("features", "", "Vectors of the photographs, .parquet or .npy.")
  flags.DEFINE_string("solver", "taste", "What learns on them: a solver or a baseline.")
  flags.DEFINE_string("name", "", "Of the predictions in tables; by default their file's.")
  flags.DEFINE_string("against_name", "", "Of what they are compared with.")
  flags.DEFINE_string("label", "", "Of the people, e.g. 'simulated raters'; else the database's.")
  flags.DEFINE_list("k", [], "Ratings shown; by default the predictions' own, else 10,100.")
  flags.DEFINE_integer("splits", 50, "Splits a user; the protocol has 50.", lower_bound=1)
  flags.DEFINE_integer("seed", 0, "Of the splits; the protocol's is 0.")
  flags.DEFINE_string("splits_out", "", "Write the splits here, .csv or .parquet.")
  flags.DEFINE_string("out", "", "Write figures, tables and a page into this folder.")
  cli_errors.run(main)
