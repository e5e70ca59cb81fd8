"""How fast batches come, beside the fastest this machine could make them.

  python -m benchmarks.input_pipeline [--seconds=4] [--rounds=3] [--workers=N]

All contenders read the same prepared JPEGs (photographs 350 pixels on the shorter side) and make
crops of 299 x 299, on the same cores, taking turns in one run:

  bare loop    one process a core does nothing but decode and resize: the machine's own limit
  pipeline     data.pipeline.train_batches: records, shuffle, labels, crops, whole batches
  PIL loading  one process a core, as torchvision's transforms would on Pillow images: full
               decoding, resize, crop, float32 channels first, normalised; nothing is sent anywhere
  lock         the pipeline with decoding and resizing left out: what the interpreter's lock
               allows on any number of cores
"""

import argparse
import io
import multiprocessing
import os
import statistics
import tempfile
import time
from pathlib import Path
from unittest import mock

import numpy as np
import polars as pl
from PIL import Image
from sklearn import datasets

from paiaa_jax.data import images, pipeline, prepare, records
from paiaa_jax.data.databases.database import Database

RESIZE, CROP, BATCH = 350, 299, 50
MEAN, STD = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])


def write_photos(folder: Path, count: int, short_side: int) -> Database:
  """Crops of real photographs, 3:2, as a database of one split."""
  random, photos = np.random.default_rng(0), datasets.load_sample_images().images
  for row in range(count):
    photo = Image.fromarray(photos[row % len(photos)])
    x, y = random.integers(0, 100), random.integers(0, 60)
    crop = photo.crop((x, y, x + 540, y + 360)).resize((short_side * 3 // 2, short_side))
    crop.save(folder / f"{row}.jpg", quality=images.JPEG_QUALITY)
  names = [f"{row}.jpg" for row in range(count)]
  table = pl.DataFrame({"image": names, "split": ["train"] * count})
  return Database("photos", folder, table)


def bare(data: bytes) -> None:
  """Decode and the one resize of the pipeline, and nothing else."""
  photo = Image.open(io.BytesIO(data))
  photo.draft(None, (RESIZE, RESIZE))
  box = (20, 20, 20 + photo.width * CROP / RESIZE, 20 + photo.height * CROP / RESIZE)
  np.asarray(photo.resize((CROP, CROP), Image.Resampling.BILINEAR, box=box, reducing_gap=None))


def torchvision_style(data: bytes) -> None:
  """Resize, RandomCrop, ToTensor, Normalize, as an image folder's loader applies them."""
  photo = Image.open(io.BytesIO(data)).convert("RGB")
  photo = photo.resize((RESIZE, RESIZE), Image.Resampling.BILINEAR)
  pixels = np.asarray(photo.crop((20, 20, 20 + CROP, 20 + CROP)))
  scaled = np.ascontiguousarray(pixels.transpose(2, 0, 1)).astype(np.float32) / 255
  (scaled - MEAN[:, None, None]) / STD[:, None, None]


def rate_of(task, encoded: list[bytes], seconds: float) -> float:
  """Images a second of one process."""
  task(encoded[0])
  start, done = time.perf_counter(), 0
  while time.perf_counter() < start + seconds:
    task(encoded[done % len(encoded)])
    done += 1
  return done / (time.perf_counter() - start)


def rate_of_processes(task, encoded: list[bytes], seconds: float, workers: int) -> float:
  """Images a second of `workers` processes at once."""
  context = multiprocessing.get_context("spawn")
  with context.Pool(workers) as pool:
    pool.map(time.sleep, [0.2] * workers, chunksize=1)  # all are up before any starts
    return sum(pool.starmap(rate_of, [(task, encoded, seconds)] * workers, chunksize=1))


def rate_of_pipeline(source: records.Source, seconds: float, workers: int) -> float:
  """Images a second of train_batches, after the first batch."""
  batches = pipeline.train_batches(
    source, batch_size=BATCH, image_size=CROP, resize=RESIZE, seed=0, workers=workers
  )
  for _ in range(2 * pipeline.PREFETCH_BATCHES):  # nothing that was made ahead counts
    next(batches)
  start, done = time.perf_counter(), 0
  while time.perf_counter() < start + seconds:
    done += len(next(batches).index)
  return done / (time.perf_counter() - start)


def rate_under_lock(source: records.Source, seconds: float, workers: int) -> float:
  """The pipeline's rate were pixels free; the array that Pillow would hand over is copied."""
  crop = Image.new("RGB", (CROP, CROP))
  with (
    mock.patch.object(images, "load", lambda *_: crop),
    mock.patch.object(images, "crop_square", lambda photo, *_: np.asarray(photo)),
  ):
    return rate_of_pipeline(source, seconds, workers)


def measure(folder: Path, seconds: float, rounds: int, workers: int) -> dict[str, list[float]]:
  """Contender -> images a second in each round."""
  raw = folder / "raw"
  raw.mkdir()
  database = write_photos(raw, count=600, short_side=RESIZE)
  prepare.prepare(database, raw, folder, max_side=0, workers=workers)
  source = records.open_split(folder / database.name, "train")
  encoded = [source[row]["image"] for row in range(64)]
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
  args = parser.parse_args()
  with tempfile.TemporaryDirectory() as folder:
    rates = measure(Path(folder), args.seconds, args.rounds, args.workers)
  limits = rates["bare loop"]
  print(f"{args.workers} workers, {args.rounds} rounds of {args.seconds:g} s; images/s")
  print("| contender | median | lowest..highest | of the bare loop, median of rounds |")
  print("|---|---|---|---|")
  for name, values in rates.items():
    ratio = statistics.median(a / b for a, b in zip(values, limits, strict=True))
    spread = f"{min(values):,.0f}..{max(values):,.0f}"
    print(f"| {name} | {statistics.median(values):,.0f} | {spread} | {ratio:.2f} |")


if __name__ == "__main__":
  main()
