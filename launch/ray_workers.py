"""Parts scored by workers of a Ray cluster: reading, decoding and the network apart.

A part belongs to one worker, which is one model on its own GPUs. Its photographs are read by a task
that yields blocks, each block is decoded by a task wherever a core is free, and the worker takes
the pixels in order. A worker or a task that is lost with its node starts again; what it had not
written is scored anew, so that every part is written once. Where so many nodes are lost that the
workers take every core that is left, Ray says so and waits for another node.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

from launch.score_parts import AHEAD, BLOCK
from paiaa_jax.errors import UserError
from paiaa_jax.photos import part_scores, parts
from paiaa_jax.photos.parts import Part

DECODERS = 4  # blocks of a worker that are decoded at once, at most


class Worker:
  """One model; an actor of Ray."""

  def __init__(self, model: tuple[str, int], out: str, schema: str):
    """model: folder and batch size."""
    self._scorer, self._out, self._schema = part_scores.Scorer(*model), out, schema

  def score(self, part: Part) -> tuple[int, int]:
    """Writes a part; how many photographs it had, and how many with an error."""
    import ray

    size, rows, pending = self._scorer.model.image_size, [], deque()
    read = ray.remote(parts.blocks).options(
      num_cpus=0, max_retries=-1, _generator_backpressure_num_objects=AHEAD * DECODERS
    )
    decode = ray.remote(part_scores.decode).options(num_cpus=1, max_retries=-1)
    for block in read.remote(part, BLOCK):
      pending.append(decode.remote(block, size))
      if len(pending) > DECODERS:
        rows += self._scorer.rows(ray.get(pending.popleft()))
    for decoded in pending:
      rows += self._scorer.rows(ray.get(decoded))
    return part_scores.finish(rows, self._scorer.model, self._schema, self._out, part)


def score(
  todo: list[Part],
  model: tuple[str, int],
  out: str,
  schema: str,
  *,
  workers: int,
  gpus: int,
  worker: Any = Worker,
) -> Iterator[tuple[int, int]]:
  """Scores the parts on `workers` workers; yields what `Worker.score` returns, as each ends.

  Raises:
    UserError: so many workers that no core is left to decode; Ray would wait forever.
  """
  import ray
  from ray.util import ActorPool

  ray.init(ignore_reinit_error=True)
  cores = int(ray.cluster_resources().get("CPU", 0))
  if workers >= cores:
    raise UserError(f"--workers={workers} of {cores} cores leaves none to decode; give fewer.")
  actor = ray.remote(worker).options(
    num_cpus=1, num_gpus=gpus, max_restarts=-1, max_task_retries=-1
  )
  pool = ActorPool([actor.remote(model, out, schema) for _ in range(workers)])
  yield from pool.map_unordered(lambda one, part: one.score.remote(part), todo)
