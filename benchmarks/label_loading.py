"""How long label files of full size take to load, and in how much memory.

  python -m benchmarks.label_loading

Writes synthetic files of the distributors' sizes into a temporary folder, loads each in a process
of its own and prints seconds (by the clock, and of all cores together) and the peak of memory with
all imports, beside a loop over the lines in plain Python that checks nothing. The aim: AVA and
200,000 ratings in under 2 s and 1 GiB each.
"""

import csv
import hashlib
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator

RATINGS = "FLICKR-AES_image_labeled_by_each_worker.csv"


def write_ava(folder: Path, random: Generator) -> None:
  """255,530 images, ILGnet's split sizes."""
  images = random.permutation(960_000)[:255_530]
  counts = random.multinomial(210, np.full(10, 0.1), size=len(images))
  index = np.arange(1, len(images) + 1)
  zeros = np.zeros((len(images), 3), int)
  np.savetxt(folder / "AVA.txt", np.column_stack([index, images, counts, zeros]), "%d")
  np.savetxt(folder / "val.txt", images[:20_000], "%d.jpg")
  np.savetxt(folder / "train.txt", images[20_000:255_529], "%d.jpg")


def write_flickr_aes(folder: Path, random: Generator) -> None:
  """200,000 ratings of 40,000 images by 210 workers, 5 an image."""
  workers = np.argsort(random.random((40_000, 210)), axis=1)[:, :5].ravel()
  images = np.repeat(np.arange(40_000), 5)
  scores = random.integers(1, 6, len(images))
  lines = [
    f"A{w:013d}, farm{i % 9}_{i % 4000}_{10**9 + i}_0123456789_b.jpg, {s}"
    for w, i, s in zip(workers, images, scores, strict=True)
  ]
  (folder / RATINGS).write_text("worker, imagePair, score\n" + "\n".join(lines))
  hashes = [
    hashlib.sha256(f"flickr-aes:A{worker:013d}".encode()).hexdigest() for worker in range(37)
  ]
  (folder / "test_workers.sha256").write_text("\n".join(hashes))


def write_para(folder: Path, random: Generator) -> None:
  """780,500 ratings of 31,220 images by 438 people, 25 an image, in the file's 15 columns."""
  people = np.argsort(random.random((31_220, 438)), axis=1)[:, :25].ravel()
  images = np.repeat(np.arange(31_220), 25)
  scores = random.integers(2, 11, len(images)) / 2
  columns = "qualityScore,compositionScore,colorScore,dofScore,contentScore,lightScore"
  columns += ",contentPreference,willingnessToShare,imgEmotion,difficultyOfJudgment,semantic"
  lines = [f"sessionId,imageName,userId,aestheticScore,{columns}"]
  lines += [
    f"session{i // 70},iaa_pub{i}_.jpg,A{p:06d},{s},3.5,3,3.0,3,4.0,3,3.0,3.0,2,1,portrait"
    for p, i, s in zip(people, images, scores, strict=True)
  ]
  (folder / "PARA-Images.csv").write_text("\n".join(lines))
  traits = random.integers(1, 11, (438, 5))
  header = "userId,personality-E,personality-A,personality-N,personality-O,personality-C\n"
  rows = [f"A{p:06d},{','.join(map(str, row))}" for p, row in enumerate(traits)]
  (folder / "PARA-UserInfo.csv").write_text(header + "\n".join(rows))
  rows = [f"session{i // 70},iaa_pub{i}_.jpg" for i in range(3000)]
  (folder / "PARA-GiaaTest.csv").write_text("sessionId,imageName\n" + "\n".join(rows))


WRITERS = {"ava": write_ava, "flickr_aes": write_flickr_aes, "para": write_para}
LABELS = {"ava": "AVA.txt", "flickr_aes": RATINGS, "para": "PARA-Images.csv"}


def load(name: str, folder: Path) -> None:
  from paiaa_jax.data.databases import DATABASES

  print(_timed(lambda: DATABASES[name](folder)))


def loop(name: str, folder: Path) -> None:
  """The usual hand-written reader: a dict of lists, line by line, without a check."""

  def read():
    labels: dict[Any, list] = {}
    with open(folder / LABELS[name], newline="") as file:
      for row in csv.reader(file, delimiter=" " if name == "ava" else ","):
        if name == "ava":
          labels[int(row[1])] = [float(count) for count in row[2:12]]
        elif row[2] not in (" score", "userId"):
          key, score = (row[1], row[2]) if name == "flickr_aes" else (row[:2], row[3])
          labels.setdefault(str(key), []).append((row[0], float(score)))

  print(_timed(read))


def _timed(work: Callable[[], object]) -> str:
  clock, cores = time.perf_counter(), time.process_time()
  work()
  clock, cores = time.perf_counter() - clock, time.process_time() - cores
  peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
  return f"{clock:6.2f} s {cores:6.2f} core-s {peak:6.0f} MiB"


def main() -> None:
  for name, write in WRITERS.items():
    with tempfile.TemporaryDirectory() as folder:
      write(Path(folder), np.random.default_rng(0))
      for reader in ("load", "loop"):
        command = [sys.executable, "-m", "benchmarks.label_loading", reader, name, folder]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        print(f"{name:12} {reader:6} {done.stdout.strip()}")


if __name__ == "__main__":
  if len(sys.argv) == 4:
    {"load": load, "loop": loop}[sys.argv[1]](sys.argv[2], Path(sys.argv[3]))
  else:
    main()
