"""CPU microseconds that an image takes in each stage of the input, and the cores that a host needs.

One thread goes through the stages of a joint batch one after another; the rest is what a whole
pipeline takes that finds its crops made. The device is jax's, here most likely the CPU. Called by
benchmarks.input_pipeline.
"""

import collections
import contextlib
import statistics
import time
from unittest import mock

import jax
import numpy as np
from PIL import Image

from paiaa_jax import rng
from paiaa_jax.data import images, pipeline, records
from paiaa_jax.training import sharding
from paiaa_jax.types import LABELS, Batch

JOIN = "stack and join the streams"
HOST = 20_000  # images a second, for eight GPUs


def measure(
  source: records.Source, draws: pipeline.Draws, batch_size: int, rounds: int
) -> dict[str, float]:
  """Stage -> CPU microseconds an image, medians over the rounds; the stages of a joint batch."""
  mesh = sharding.make_mesh()
  rows = [row % len(source) for row in range(2 * batch_size)]
  found = collections.defaultdict(list)

  @contextlib.contextmanager
  def timed(stage: str):
    start = time.process_time()
    yield
    found[stage].append((time.process_time() - start) / len(rows) * 1e6)

  for number in range(rounds):
    random = [rng.generator(0, "crop", number, row) for row in rows]
    with timed("read the record"):
      of_records = [source[row] for row in rows]
    with timed("decode"):
      photos = [_decode(record, draws) for record in of_records]
    with timed("crop and resize"):
      pixels = [
        images.crop_square(photo, draws.resize, draws.size, own)
        for photo, own in zip(photos, random, strict=True)
      ]
    examples = [
      Batch(image, index=np.array(row), **{label: record[label] for label in LABELS})
      for image, row, record in zip(pixels, rows, of_records, strict=True)
    ]
    pairs = list(zip(examples[::2], examples[1::2], strict=True))
    with timed(JOIN):
      batch = pipeline.interleave(pairs)
    with timed("put onto the device"):
      jax.block_until_ready(sharding.put_batch(batch, mesh))
  stages = {stage: statistics.median(values) for stage, values in found.items()}
  rest = _without_pixels(source, draws, batch_size, rounds)
  stages["order, grain, threads"] = rest - stages["read the record"] - stages[JOIN]
  return stages


def _without_pixels(
  source: records.Source, draws: pipeline.Draws, batch_size: int, rounds: int
) -> float:
  """CPU microseconds an image of a whole pipeline that finds its crops made."""
  crop = np.zeros((draws.size, draws.size, 3), np.uint8)
  streams = [pipeline.Stream(source, draws, name) for name in ("aesthetics", "auxiliary")]
  process = pipeline.Process(workers=1)
  with (
    mock.patch.object(images, "opened", lambda *_: contextlib.nullcontext()),
    mock.patch.object(images, "crop_square", lambda *_: crop),
    contextlib.closing(
      pipeline.train_batches(streams, batch_size=batch_size, seed=0, process=process)
    ) as batches,
  ):
    for _ in range(2 * pipeline.PREFETCH_BATCHES):  # nothing that was made ahead counts
      next(batches)
    start = time.process_time()
    for _ in range(rounds):
      next(batches)
    return (time.process_time() - start) / (rounds * 2 * batch_size) * 1e6


def _decode(record: dict, draws: pipeline.Draws) -> Image.Image:
  with images.opened(record["image"], draws.resize, record["name"]) as photo:
    return photo


def show(stages: dict[str, float]) -> None:
  """Prints the table, and the cores for HOST images a second."""
  print("| stage | CPU us an image |\n|---|---|")
  for stage, microseconds in stages.items():
    print(f"| {stage} | {microseconds:,.0f} |")
  total = sum(stages.values())
  print(f"| all | {total:,.0f} |")
  print(f"{HOST:,} images/s: {total * HOST / 1e6:.1f} such cores")
