"""How fast batches come, beside the fastest this machine could make them.

  python -m benchmarks.input_pipeline [--seconds=4] [--rounds=3] [--workers=N] [--stages]

All contenders read the same prepared JPEGs (photographs 350 pixels on the shorter side) and make
crops of 299 x 299, on the same cores, taking turns in one run (--stages: only what one image takes
in each stage, see input_stages):

  bare loop    one process a core does nothing but decode and resize: the machine's own limit
  pipeline     data.pipeline.train_batches: records, shuffle, labels, crops, whole batches
  PIL loading  one process a core, as torchvision's transforms would on Pillow images: resize,
               crop, float32 channels first, normalised, collated; no labels, and nothing is sent
  lock         the pipeline with decoding and resizing left out: what the interpreter's lock
               allows on any number of cores
"""

import argparse
import contextlib
import io
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np
import polars as pl
from PIL import Image
from sklearn import datasets

from benchmarks import input_stages, ratios
from paiaa_jax.data import images, pipeline, prepare, records
from paiaa_jax.data.databases.database import Database

RESIZE, CROP, BATCH = 350, 299, 50
MEAN, STD = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]], np.float32)


def write_photos(folder: Path, count: int, short_side: int) -> Database:
  """Crops of real photographs, 3:2, as a database of one split."""
  random, photos = np.random.default_rng(0), datasets.load_sample_images().images
  for row in range(count):
    photo = Image.fromarray(photos[row % len(photos)])
    x, y = int(random.integers(100)), int(random.integers(60))
    crop = photo.crop((x, y, x + 540, y + 360)).resize((short_side * 3 // 2, short_side))
    crop.save(folder / f"{row}.jpg", quality=images.JPEG_QUALITY)
  names = [f"{row}.jpg" for row in range(count)]
  table = pl.DataFrame({"path": names, "split": ["train"] * count})
  return Database("photos", folder, table)


def bare(encoded: list[bytes]) -> None:
  """Decode and the one resize of the pipeline, and nothing else."""
  for data in encoded:
    photo = Image.open(io.BytesIO(data))
    photo.draft(None, (RESIZE, RESIZE))
    box = (20, 20, 20 + photo.width * CROP / RESIZE, 20 + photo.height * CROP / RESIZE)
    np.asarray(photo.resize((CROP, CROP), Image.Resampling.BILINEAR, box=box))


def torchvision_style(encoded: list[bytes]) -> np.ndarray:
  """Resize, RandomCrop, ToTensor, Normalize and collate, as an image folder's loader does."""
  batch = []
  for data in encoded:
    photo = Image.open(io.BytesIO(data)).convert("RGB")
    photo = photo.resize((RESIZE, RESIZE), Image.Resampling.BILINEAR)
    pixels = np.asarray(photo.crop((20, 20, 20 + CROP, 20 + CROP)))
    scaled = np.ascontiguousarray(pixels.transpose(2, 0, 1)).astype(np.float32) / 255
    batch.append((scaled - MEAN[:, None, None]) / STD[:, None, None])
  return np.stack(batch)


class Rate(NamedTuple):
  """Images a second, and CPU milliseconds an image (which a busy machine sways less)."""

  wall: float
  cpu: float


def timed(step: Callable[[], int], seconds: float) -> Rate:
  """Rate of calling `step`, which returns how many images it made, in this process."""
  wall, cpu, done = time.perf_counter(), time.process_time(), 0
  while time.perf_counter() < wall + seconds:
    done += step()
  return Rate(done / (time.perf_counter() - wall), (time.process_time() - cpu) / done * 1e3)


def rate_of(task: Callable, encoded: list[bytes], seconds: float) -> Rate:
  """One process that does a task on one batch after another."""
  task(encoded)

  def step():
    task(encoded)
    return len(encoded)

  return timed(step, seconds)


def rate_of_processes(task: Callable, encoded: list[bytes], seconds: float, workers: int) -> Rate:
  """`workers` such processes at once."""
  context = multiprocessing.get_context("spawn")
  with context.Pool(workers) as pool:
    pool.map(time.sleep, [0.2] * workers, chunksize=1)  # all are up before any starts
    rates = pool.starmap(rate_of, [(task, encoded, seconds)] * workers, chunksize=1)
  return Rate(sum(rate.wall for rate in rates), statistics.mean(rate.cpu for rate in rates))


def rate_of_pipeline(source: records.Source, seconds: float, workers: int) -> Rate:
  """train_batches, once its buffers have settled."""
  batches = pipeline.train_batches(
    [pipeline.Stream(source, pipeline.Draws(CROP, RESIZE))],
    batch_size=BATCH,
    seed=0,
    process=pipeline.Process(workers=workers),
  )
  for _ in range(2 * pipeline.PREFETCH_BATCHES):  # nothing that was made ahead counts
    next(batches)
  return timed(lambda: len(next(batches).index), seconds)


def rate_under_lock(source: records.Source, seconds: float, workers: int) -> Rate:
  """The pipeline's rate were pixels free; the array that Pillow would hand over is copied."""
  crop = Image.new("RGB", (CROP, CROP))
  with (
    mock.patch.object(images, "opened", lambda *_: contextlib.nullcontext(crop)),
    mock.patch.object(images, "crop_square", lambda photo, *_: np.asarray(photo)),
  ):
    return rate_of_pipeline(source, seconds, workers)


def prepared(folder: Path, workers: int) -> records.Source:
  """600 photographs, prepared in the folder."""
  raw = folder / "raw"
  raw.mkdir()
  database = write_photos(raw, count=600, short_side=RESIZE)
  prepare.prepare(database, raw, folder, shorter_side=0, workers=workers)
  return records.open_split(folder / database.name, "train")


def measure(
  source: records.Source, seconds: float, rounds: int, workers: int
) -> dict[str, list[Rate]]:
  """Contender -> its rate in each round."""
  encoded = [source[row]["image"] for row in range(BATCH)]
  contenders = {
    "bare loop": lambda: rate_of_processes(bare, encoded, seconds, workers),
    "pipeline": lambda: rate_of_pipeline(source, seconds, workers),
    "PIL loading": lambda: rate_of_processes(torchvision_style, encoded, seconds, workers),
    "lock": lambda: rate_under_lock(source, seconds, workers),
  }
  rates = {name: [] for name in contenders}
  for _ in range(rounds):
    for name, contender in contenders.items():
      rates[name].append(contender())
  return rates


def main():
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("--seconds", type=float, default=4)
  parser.add_argument("--rounds", type=int, default=3)
  parser.add_argument("--workers", type=int, default=os.cpu_count())
  parser.add_argument("--stages", action="store_true", help="only the table by stage")
  args = parser.parse_args()
  with tempfile.TemporaryDirectory() as folder:
    source = prepared(Path(folder), args.workers)
    draws = pipeline.Draws(CROP, RESIZE)
    stages = input_stages.measure(source, draws, BATCH, 5 * args.rounds)
    rates = {} if args.stages else measure(source, args.seconds, args.rounds, args.workers)
  input_stages.show(stages)
  if args.stages:
    print(ratios.machine())
    return
  print(f"{args.workers} workers, {args.rounds} rounds of {args.seconds:g} s each; medians")
  print("| contender | images/s | of the bare loop | CPU ms an image | of the bare loop |")
  print("|---|---|---|---|---|")
  for name, rounds in rates.items():
    pairs = list(zip(rounds, rates["bare loop"], strict=True))
    wall = statistics.median(rate.wall / bare.wall for rate, bare in pairs)
    cpu = statistics.median(bare.cpu / rate.cpu for rate, bare in pairs)
    medians = [statistics.median(values) for values in zip(*rounds, strict=True)]
    print(f"| {name} | {medians[0]:,.0f} | {wall:.2f} | {medians[1]:.2f} | {cpu:.2f} |")
  print(ratios.machine())
  ours, found = rates["pipeline"], []
  for name, beside in (("bare loop", "floor: bare decoding"), ("PIL loading", "PIL loading")):
    pairs = list(zip(ours, rates[name], strict=True))
    wall = statistics.median(one.wall / other.wall for one, other in pairs)
    cpu = statistics.median(other.cpu / one.cpu for one, other in pairs)
    took = 1e3 / statistics.median(one.wall for one in ours)
    found.append(ratios.Ratio("an image of the input", beside, took, wall, cpu))
  ratios.save("input_pipeline", found)


if __name__ == "__main__":
  main()
