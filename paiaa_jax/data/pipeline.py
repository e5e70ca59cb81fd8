"""Prepared records -> batches. The position of every iterator is one number: the step.

What a batch holds is a pure function of (seed, stream, step, process): nothing depends on the
number of threads, nor on where an iterator was started, nor (but for which rows a process gets)
on the number of processes. A checkpoint therefore saves the step and no iterator.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

import grain
import numpy as np

from paiaa_jax import rng
from paiaa_jax.cores import count_cores
from paiaa_jax.data import images
from paiaa_jax.errors import UserError
from paiaa_jax.types import Array, Batch

LABELS = ("distribution", "aux", "has_distribution", "has_aux")
ENDLESS = 2**40  # steps, more than any run takes
PREFETCH_BATCHES = 3
CHUNK = 16  # images at most that a thread makes at a time; more would only cost memory


class Source(Protocol):
  """Labelled images by row, as data.records.open_split gives them."""

  def __len__(self) -> int: ...

  def __getitem__(self, row: int) -> dict: ...


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


class Process(NamedTuple):
  """One of the processes that make each batch together.

  Attributes:
    index: of this process.
    count: of all processes.
    workers: decoding threads of this process; 0: one per core.
  """

  index: int = 0
  count: int = 1
  workers: int = 0


ALONE = Process()


def train_batches(
  source: Source,
  *,
  batch_size: int,
  draws: Draws,
  seed: int,
  first_step: int = 0,
  stream: str = "aesthetics",
  process: Process = ALONE,
  padded_size: int = 0,
) -> Iterator[Batch]:
  """Endless shuffled batches of random crops; a new shuffle each time the source is through.

  Args:
    source: labelled images.
    batch_size: images a step, over all processes; this process yields its share.
    draws: see Draws.
    seed: of the shuffles and crops.
    first_step: the step to start at, as if all before had been drawn.
    stream: a name of its own for each source that runs beside another.
    process: see Process.
    padded_size: rows of a step, over all processes: the batch, then padding as in `eval_batches`,
      of which the last processes get the most; 0: no padding.

  Raises:
    UserError: an empty source, a crop larger than its square, or a batch that the processes
      cannot share evenly.
  """
  if len(source) == 0:
    raise UserError(f"the {stream} source holds no images; check its split.")
  if draws.size > draws.resize:
    raise UserError(f"a crop of {draws.size} px does not fit in {draws.resize} px: raise resize.")
  share = _share(padded_size or batch_size, process.count)

  @functools.lru_cache(maxsize=8)
  def order(epoch: int) -> np.ndarray:
    random = rng.generator(seed, stream, epoch)
    if draws.groups is None:
      return random.permutation(len(source))
    return balanced_order(draws.groups, random)

  def example(step: int, slot: int) -> Batch:
    place = process.index * share + slot
    if place >= batch_size:
      return _padding(source, draws.size)
    position = step * batch_size + place
    epoch, offset = divmod(position, len(source))
    row = int(order(epoch)[offset])
    random = rng.generator(seed, f"{stream}/crop", position)
    record = source[row]
    with images.opened(record["image"], draws.resize, record["name"]) as photo:
      pixels = images.crop_square(photo, draws.resize, draws.size, random, draws.flip)
    return _example(record, pixels, row)

  return _batches(example, first_step, ENDLESS, share, process.workers)


def balanced_order(groups: Array, random: np.random.Generator) -> np.ndarray:
  """n rows [n] of n images [n] by group: the groups equally often, each one's images in turn.

  A group's images are shuffled, and shuffled again once all of them were drawn.
  """
  members = [np.flatnonzero(np.asarray(groups) == group) for group in np.unique(groups)]
  share = -(-len(groups) // len(members))
  rounds = [
    np.concatenate([random.permutation(own) for _ in range(-(-share // len(own)))])[:share]
    for own in members
  ]
  return random.permutation(np.concatenate(rounds))[: len(groups)]


def eval_batches(
  source: Source,
  *,
  batch_size: int,
  image_size: int,
  process: Process = ALONE,
) -> Iterator[Batch]:
  """Every image once, in order, resized whole; as many batches on every process.

  The last batch is padded with rows of index -1 and no labels. `image_size` is in pixels;
  the other arguments are those of `train_batches`.
  """
  share = _share(batch_size, process.count)
  steps = -(-len(source) // batch_size)

  def example(step: int, slot: int) -> Batch:
    row = step * batch_size + process.index * share + slot
    if row >= len(source):
      return _padding(source, image_size)
    record = source[row]
    return _example(record, images.square(record["image"], image_size, record["name"]), row)

  return _batches(example, 0, steps, share, process.workers)


def _padding(source: Source, image_size: int) -> Batch:
  """An example that is none: black, without labels, of index -1."""
  blank = {key: np.zeros_like(value) for key, value in source[0].items() if key in LABELS}
  return _example(blank, np.zeros((image_size, image_size, 3), np.uint8), -1)


def _example(record: dict, image: np.ndarray, row: int) -> Batch:
  """A batch of one without its leading axis."""
  labels = {key: np.asarray(record[key], np.float32) for key in LABELS}
  return Batch(image=image, index=np.asarray(row, np.int32), **labels)


def _batches(
  example: Callable[[int, int], Batch], first_step: int, stop: int, share: int, workers: int
) -> Iterator[Batch]:
  """Stacks example(step, slot) for slots 0..share-1 of each step, made ahead on threads.

  Threads, as Pillow lets go of the GIL; chunks, as grain's work for an element would hold it.
  """
  chunk = max(size for size in range(1, min(CHUNK, share) + 1) if share % size == 0)
  parts = share // chunk

  def load_chunk(number: int) -> Batch:
    step, part = divmod(number, parts)
    slots = range(part * chunk, (part + 1) * chunk)
    return _combine(np.stack, [example(step, slot) for slot in slots])

  threads = workers or count_cores()
  ahead = max(PREFETCH_BATCHES * parts, threads)
  chunks = grain.MapDataset.range(first_step * parts, stop * parts).map(load_chunk)
  reader = chunks.to_iter_dataset(grain.ReadOptions(threads, ahead))
  return iter(reader.batch(parts, batch_fn=functools.partial(_combine, np.concatenate)))


def _combine(join: Callable, batches: Sequence[Batch]) -> Batch:
  return Batch(*map(join, zip(*batches, strict=True)))


def _share(batch_size: int, process_count: int) -> int:
  if batch_size % process_count:
    raise UserError(
      f"a batch of {batch_size} cannot be shared evenly by {process_count} processes; "
      "make batch_size a multiple of them."
    )
  return batch_size // process_count
