r"""Scores very many photographs part by part: tar shards, Parquet files, lists or folders.

    python -m launch.score_parts --source=shards/ --out=scores/
    python -m launch.score_parts --source=s3://bucket/shards --out=s3://bucket/scores \
        --model=runs/ava/model --ray --workers=8 --gpus_a_worker=1

Each part of --source (a .tar shard of WebDataset, a .parquet file with encoded images, ten thousand
files of a folder or of a list .txt) becomes one file in --out, whole or not at all; the same
command goes on where it stopped. A photograph that cannot be decoded is a row with an error. With
--ray the parts go to workers on the cluster of $RAY_ADDRESS or, without one, on this machine:
reading, decoding and the network are stages of their own, so that a GPU waits for no decoder.
--schema: `paiaa`, or the columns that NeMo Curator or Data-Juicer read.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from absl import flags

from launch import cli_errors
from paiaa_jax import extras
from paiaa_jax.cli import start
from paiaa_jax.cores import count_cores
from paiaa_jax.photos import cache, part_scores, parts
from paiaa_jax.photos.choose_model import open_model
from paiaa_jax.photos.part_scores import SCHEMAS, Scorer
from paiaa_jax.photos.parts import Part

FLAGS = flags.FLAGS
BLOCK = 32  # photographs that are read, and decoded, at once
AHEAD = 4  # blocks a decoder


def score_here(
  todo: list[Part], scorer: Scorer, out: str, schema: str
) -> Iterator[tuple[int, int]]:
  """Scores part after part on this machine; yields how many photographs, and bad ones, each had."""
  size = scorer.model.image_size
  with ThreadPoolExecutor(count_cores()) as pool:
    for part in todo:
      rows, pending = [], deque()
      for block in parts.blocks(part, BLOCK):
        pending.append(pool.submit(part_scores.decode, block, size))
        if len(pending) > AHEAD * count_cores():
          rows += scorer.rows(pending.popleft().result())
      for decoded in pending:
        rows += scorer.rows(decoded.result())
      yield part_scores.finish(rows, scorer.model, schema, out, part)


def main(_) -> None:
  extras.require("pyarrow", "scoring in parts", "train")
  start.keep_compiled(cache.default_path())
  model = open_model(FLAGS.model)  # a wrong one is told here, not by a worker
  found = parts.find(FLAGS.source)
  there = part_scores.written(FLAGS.out)
  todo = [part for part in found if part.name not in there]
  _say(f"{len(found)} parts, {len(found) - len(todo)} of them written before")
  folder = str(model.folder.absolute())
  if FLAGS.ray:
    extras.require("ray", "--ray", "ray")
    from launch import ray_workers

    done = ray_workers.score(
      todo,
      (folder, FLAGS.batch_size),
      FLAGS.out,
      FLAGS.schema,
      workers=FLAGS.workers,
      gpus=FLAGS.gpus_a_worker,
    )
  else:
    done = score_here(todo, Scorer(folder, FLAGS.batch_size), FLAGS.out, FLAGS.schema)
  photographs = bad = 0
  for number, (count, errors) in enumerate(done, 1):
    photographs, bad = photographs + count, bad + errors
    _say(f"{number} of {len(todo)} parts, {photographs} photographs, {bad} of them with an error")
  _say(f"scores in {FLAGS.out}")


def _say(words: str) -> None:
  print(words, file=sys.stderr, flush=True)


def define_flags() -> None:
  flags.DEFINE_string("source", None, "A folder, shard or list (.txt): path or URL.", required=True)
  flags.DEFINE_string("out", None, "Where the Parquet files go: folder or URL.", required=True)
  flags.DEFINE_string("model", None, "A model folder that every worker can read.")
  flags.DEFINE_enum("schema", "paiaa", list(SCHEMAS), "Which columns are written.")
  flags.DEFINE_integer("batch_size", 32, "Photographs a call of the network.", lower_bound=1)
  flags.DEFINE_bool("ray", False, "On a Ray cluster.")
  flags.DEFINE_integer("workers", 1, "With --ray: models at work at once.", lower_bound=1)
  flags.DEFINE_integer("gpus_a_worker", 0, "With --ray: GPUs that each gets.", lower_bound=0)


if __name__ == "__main__":
  define_flags()
  cli_errors.run(main, addresses=True)
