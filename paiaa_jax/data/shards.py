"""Images verified and re-encoded by shard in a pool of processes: the slow half of preparing.

A shard is a parquet file of consecutive images, put in place in one move when it is whole, so
that a run that was stopped goes on at the first shard that is missing.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import NamedTuple

import polars as pl

from paiaa_jax.cores import count_cores
from paiaa_jax.data import images
from paiaa_jax.data.workers import end_with_parent
from paiaa_jax.errors import UserError
from paiaa_jax.files import atomic_write, read_parquet, read_regular

SHARD_SIZE = 256  # images
SCHEMA = {"path": pl.String, "data": pl.Binary, "reason": pl.String}


class Shard(NamedTuple):
  """One piece of work.

  Attributes:
    split: the split its images are of.
    names: the images, relative to root.
    root: the folder they lie under.
    shorter_side: pixels, bound of the shorter side; 0 passes readable files through untouched.
    target: the parquet file to write, with columns `path, data` (null where refused) and
      `reason` (null where not); None only verifies.
  """

  split: str
  names: tuple[str, ...]
  root: Path
  shorter_side: int
  target: Path | None


def run(shard: Shard) -> list[tuple[str, str]]:
  """Reads and re-encodes one shard; returns (image, reason) of each that was refused."""
  if shard.target and shard.target.exists():
    reasons = read_parquet(shard.target, ["reason"])["reason"]
    if reasons.is_null().all():  # an image that was missing may have come since
      return []
  rows = [(name, *_encode(shard.root / name, shard.shorter_side)) for name in shard.names]
  if shard.target:
    with atomic_write(shard.target) as draft:
      pl.DataFrame(rows, SCHEMA, orient="row").write_parquet(draft, compression="uncompressed")
  return [(name, reason) for name, _, reason in rows if reason]


def run_all(work: list[Shard], workers: int = 0) -> Iterator[tuple[Shard, list[tuple[str, str]]]]:
  """Yields each shard and `run` of it, as they end, on `workers` processes.

  workers 0 is one per core; 1 stays in this process. UserError where one is killed.
  """
  workers = min(workers or count_cores(), len(work))
  if workers <= 1:
    yield from ((shard, run(shard)) for shard in work)
    return
  # Not forked: a fork of a process with threads (polars has them) may hang.
  context = multiprocessing.get_context("spawn")
  with ProcessPoolExecutor(workers, context, initializer=_start_worker) as pool:
    pending = {pool.submit(run, shard): shard for shard in work}
    try:
      for future in as_completed(pending):
        yield pending[future], future.result()
    except BrokenProcessPool:
      raise UserError(
        f"one of {workers} worker processes was killed, most likely for its memory; the shards "
        "that are done are kept: go on with fewer --workers."
      ) from None
    finally:
      pool.shutdown(cancel_futures=True)


def _encode(path: Path, shorter_side: int) -> tuple[bytes | None, str | None]:
  """(bytes to pack, None) or (None, why the image is refused)."""
  try:
    data = read_regular(path)
  except FileNotFoundError:
    return None, "missing"
  except OSError as error:
    return None, f"cannot be opened ({error.strerror})"
  try:
    return images.bounded_jpeg(data, shorter_side), None
  except UserError as error:
    return None, str(error).removeprefix("image: ")


def _start_worker() -> None:
  """Leaves Ctrl-C to the parent, and ends with it even where it was killed."""
  signal.signal(signal.SIGINT, signal.SIG_IGN)
  end_with_parent()
