"""Prepared records -> batches, by grain. The position of every iterator is one number: the step.

    MapDataset.source(records) -> Ordered -> map: decode, crop   of each stream
    -> zip -> batch: the streams row by row -> to_iter_dataset: threads -> mp_prefetch: processes

What a batch holds is a pure function of (seed, stream, step, process): nothing depends on the
number of threads or decoding processes, nor on where an iterator was started, nor (but for which
rows a process gets) on the number of processes. A checkpoint therefore saves the step and no
iterator.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Generator, Sequence
from typing import NamedTuple

import grain
import numpy as np
from absl import flags

from paiaa_jax.cores import count_cores
from paiaa_jax.data.examples import RandomCrop, WholeImage
from paiaa_jax.data.order import Ordered, Shuffle, Slots, in_order
from paiaa_jax.data.workers import start_decoder
from paiaa_jax.errors import UserError
from paiaa_jax.types import Array, Batch

ENDLESS = 2**40  # steps, more than any run takes
PREFETCH_BATCHES = 3
CHUNK = 128  # images at most that a thread makes at a time; more would only cost memory
SHARED = 1 << 16  # bytes, of an array that is handed over in shared memory and not copied

# Labelled images by row, as data.records.open_split gives them.
Source = grain.sources.RandomAccessDataSource[dict]


class Draws(NamedTuple):
  """Which photographs are trained on, and which square of each.

  Attributes:
    size: pixels, side of the crop.
    resize: pixels, side of the square that the crop is cut from, anywhere in it.
    flip: mirror every second image.
    groups: [n] int, of each image; all are then drawn equally often, those of a small one more than
      once in as many draws as there are images. None: each image once.
  """

  size: int
  resize: int
  flip: bool = False
  groups: Array | None = None


class Stream(NamedTuple):
  """Images that are trained on, and how they are drawn.

  Attributes:
    source: labelled images.
    draws: see Draws.
    name: of its own for each stream that runs beside another.
  """

  source: Source
  draws: Draws
  name: str = "aesthetics"


class Process(NamedTuple):
  """One of the processes that make each batch together.

  Attributes:
    index: of this process.
    count: of all processes.
    workers: decoding threads of this process; 0: one per core.
    decoders: processes beside this one that have those threads; 0: they are its own.
  """

  index: int = 0
  count: int = 1
  workers: int = 0
  decoders: int = 0


ALONE = Process()


def train_batches(
  streams: Sequence[Stream],
  *,
  batch_size: int,
  seed: int,
  first_step: int = 0,
  process: Process = ALONE,
  padded_size: int = 0,
) -> Generator[Batch]:
  """Endless shuffled batches of random crops; a new shuffle each time a source is through.

  Args:
    streams: one, or several whose images alternate row by row.
    batch_size: images a stream and step, over all processes; this process yields its share.
    seed: of the shuffles and crops.
    first_step: the step to start at, as if all before had been drawn.
    process: see Process.
    padded_size: rows a stream and step, over all processes: the batch, then padding as in
      `eval_batches`, of which the last processes get the most; 0: no padding.

  Raises:
    UserError: an empty source, a crop larger than its square, or a batch that the processes
      cannot share evenly.
  """
  slots = _slots(batch_size, padded_size or batch_size, process)
  examples = [_drawn(stream, slots, seed) for stream in streams]
  return _batches(examples, slots.share, process, first_step)


def _drawn(stream: Stream, slots: Slots, seed: int) -> grain.MapDataset:
  """The examples of a stream for this process's slots of all steps."""
  source, draws, name = stream
  if len(source) == 0:
    raise UserError(f"the {name} source holds no images; check its split.")
  if draws.size > draws.resize:
    raise UserError(f"a crop of {draws.size} px does not fit in {draws.resize} px: raise resize.")
  shuffle = Shuffle(len(source), seed, name, draws.groups)
  return Ordered(grain.MapDataset.source(source), slots, ENDLESS, shuffle).map(
    RandomCrop(draws.size, draws.resize, draws.flip, seed, name)
  )


def eval_batches(
  source: Source,
  *,
  batch_size: int,
  image_size: int,
  process: Process = ALONE,
) -> Generator[Batch]:
  """Every image once, in order, resized whole; as many batches on every process.

  The last batch is padded with rows of index -1 and no labels. `image_size` is in pixels;
  the other arguments are those of `train_batches`.
  """
  slots = _slots(batch_size, batch_size, process)
  steps = -(-len(source) // batch_size)
  rows = functools.partial(in_order, len(source))
  ordered = Ordered(grain.MapDataset.source(source), slots, steps, rows)
  return _batches([ordered.map(WholeImage(image_size))], slots.share, process)


def _batches(
  streams: Sequence[grain.MapDataset], share: int, process: Process, first_step: int = 0
) -> Generator[Batch]:
  """Examples of each stream, `share` a step -> batches from `first_step` on, made ahead.

  On threads, as Pillow lets go of the GIL; a chunk at a time, as grain's work for an element holds
  it.
  """
  largest = max(CHUNK // len(streams), 1)
  chunk = max(size for size in range(1, min(largest, share) + 1) if share % size == 0)
  parts = share // chunk
  stack = functools.partial(interleave, shared=process.decoders > 0)
  chunks = grain.experimental.ZipMapDataset(streams).batch(chunk, batch_fn=stack)
  cores = process.workers or count_cores()
  threads = -(-cores // max(process.decoders, 1))
  ahead = max(PREFETCH_BATCHES * parts, threads)
  batches = chunks[first_step * parts :].to_iter_dataset(grain.ReadOptions(threads, ahead))
  if process.decoders:
    if not flags.FLAGS.is_parsed():  # grain's flags, read as it starts a process
      flags.FLAGS.mark_as_parsed()
    options = grain.experimental.DatasetOptions(min_shm_size=SHARED)
    batches = grain.experimental.WithOptionsIterDataset(batches, options).mp_prefetch(
      grain.MultiprocessingOptions(process.decoders), start_decoder
    )
  return _closing(batches.batch(parts, batch_fn=_join) if parts > 1 else batches)


def _closing(batches: grain.IterDataset) -> Generator[Batch]:
  """The batches as plain arrays; whoever closes the iterator ends its threads and processes."""
  with contextlib.closing(iter(batches)) as iterator:
    try:
      for batch in iterator:
        yield Batch(*map(np.asarray, batch))
    except RuntimeError as error:
      if "terminated unexpectedly" not in str(error):  # grain's words, which has no type for it
        raise
      raise UserError(
        "a decoding process was killed, most likely for its memory, or because /dev/shm is too "
        "small; start again with fewer data.decoders, or 0."
      ) from error


def interleave(rows: Sequence[tuple[Batch, ...]], shared: bool = False) -> Batch:
  """Examples of the streams side by side -> one batch, the streams row by row, in one copy.

  `shared`: for another process to read.
  """
  examples = itertools.chain.from_iterable(rows)
  stack = _stack_shared if shared else np.stack
  return Batch(*map(stack, zip(*examples, strict=True)))


def _stack_shared(rows: Sequence[np.ndarray]) -> np.ndarray:
  """Arrays [n, ...] where another process can read them, if they are large."""
  if len(rows) * rows[0].nbytes < SHARED:
    return np.stack(rows)
  shape = (len(rows), *rows[0].shape)
  return np.stack(rows, out=grain.multiprocessing.SharedMemoryArray(shape, rows[0].dtype))


def _join(chunks: Sequence[Batch]) -> Batch:
  return Batch(*map(np.concatenate, zip(*chunks, strict=True)))


def _slots(batch_size: int, rows: int, process: Process) -> Slots:
  if rows % process.count:
    raise UserError(
      f"a batch of {rows} cannot be shared evenly by {process.count} processes; "
      "make batch_size a multiple of them."
    )
  share = rows // process.count
  return Slots(process.index * share, share, batch_size)
