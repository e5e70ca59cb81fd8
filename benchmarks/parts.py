"""What each stage of launch.score_parts costs a photograph: read, decode, network, write.

    python -m benchmarks.parts [--count=240]

Photographs of 1280 x 853 in a tar shard, the model that comes with the package; CPU milliseconds
and bytes, from which docs/scale.md counts what a billion of them take.
"""

from __future__ import annotations

import argparse
import os
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.scoring import save_photos
from launch.score_parts import BLOCK
from paiaa_jax.photos import part_scores, parts
from paiaa_jax.photos.choose_model import open_model

T = TypeVar("T")


def timed(stage: Callable[[], T]) -> tuple[float, T]:
  """CPU seconds of all threads, and the result."""
  start = time.process_time()
  found = stage()
  return time.process_time() - start, found


def varied(row: dict, seed: int) -> dict:
  """A row with numbers of its own: equal ones would be packed into next to nothing."""
  noise = np.random.default_rng(seed).normal(size=len(row["coordinates"])).astype(np.float32)
  return row | {"coordinates": noise.tolist(), "aesthetic_score": float(noise[0])}


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
  parser.add_argument("--count", type=int, default=240, help="photographs")
  parser.add_argument("--networks", type=int, default=32, help="of them through the network")
  given = parser.parse_args()
  scorer = part_scores.Scorer(str(open_model(None).folder), BLOCK)
  size = scorer.model.image_size
  with tempfile.TemporaryDirectory() as folder:
    shard, photographs = Path(folder, "00000.tar"), Path(folder, "photographs")
    photographs.mkdir()
    save_photos(photographs, given.count)
    with tarfile.open(shard, "w") as archive:
      for path in sorted(photographs.iterdir()):
        archive.add(path, path.name)
    (part,) = parts.find(str(shard))
    read, blocks = timed(lambda: list(parts.blocks(part, BLOCK)))
    decode, decoded = timed(lambda: [part_scores.decode(block, size) for block in blocks])
    few = part_scores.decode(blocks[0][: given.networks], size)
    scorer.rows(few)  # compiles
    network, rows = timed(lambda: scorer.rows(few))
    many = [varied(rows[i % len(rows)], i) for i in range(given.count)]
    out = str(Path(folder, "out"))
    write, _ = timed(lambda: part_scores.write(part_scores.ours(many, scorer.model), out, part))
    written = Path(out, "00000.parquet").stat().st_size
    pixels = sum(block.pixels.nbytes for block in decoded)
    stages = {
      "read from the shard": (read / given.count, shard.stat().st_size / given.count),
      f"decode to {size} pixels": (decode / given.count, pixels / given.count),
      "network and row": (network / len(rows), None),
      "write": (write / given.count, written / given.count),
    }
  print(f"{given.count} photographs, load {os.getloadavg()[0]:.1f}\n")
  print("| stage | CPU ms a photograph | KB a photograph |\n|---|---|---|")
  for name, (seconds, size_) in stages.items():
    print(f"| {name} | {1000 * seconds:.3g} | {'' if size_ is None else f'{size_ / 1000:.3g}'} |")


if __name__ == "__main__":
  main()
