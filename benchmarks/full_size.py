"""The launch verbs on tables as large as the real ones: seconds, and the memory of all processes.

    python -m benchmarks.full_size prepare --workdir=DIR
    python -m benchmarks.full_size evaluate --workdir=DIR
    python -m benchmarks.full_size personalize --workdir=DIR [--users=1000000] [--images=200000]

Labels are made. AVA's 255,530 photographs are links to a few pictures of 64 x 48, so that only what
grows with their number counts. Memory is the sum of the processes' own shares (PSS) twice a second;
its largest value in each quarter of a run shows whether it grows.
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
from PIL import Image

from benchmarks import ratios

AVA, TEST = 255_530, 250_000  # images; of them in the list of test images
PICTURES = 64  # contents: a file has at most 65,000 names on ext4
RATINGS, USERS_A_SHARD, IMAGES_A_SHARD = 100, 10_000, 50_000
TRAITS = [f"trait{i}" for i in range(5)]


def watch(*command: str) -> None:
  """Runs python, and prints its last lines, seconds, CPU seconds and memory."""
  before, start, used = os.times(), time.monotonic(), []
  with tempfile.TemporaryFile("w+") as log:
    child = subprocess.Popen([sys.executable, *command], stdout=log, stderr=log)
    while child.poll() is None:
      used.append(sum(map(share, tree(child.pid))))
      time.sleep(0.5)
    log.seek(0)
    lines = log.read().splitlines()[-30:]
  seconds, after = time.monotonic() - start, os.times()
  cpu = after.children_user + after.children_system - before.children_user - before.children_system
  quarters = [f"{max(part) / 2**20:,.0f}" for part in np.array_split(used, 4) if len(part)]
  print(f"\n{' '.join(command)}\n  code {child.returncode}, {seconds:.0f} s, {cpu:.0f} s of CPU")
  print(f"  most MiB by quarter: {', '.join(quarters)}; {ratios.machine()}")
  print("\n".join(f"  | {line}" for line in lines), flush=True)


def tree(pid: int) -> Iterator[int]:
  """A process and all below it."""
  yield pid
  for file in Path(f"/proc/{pid}/task").glob("*/children"):
    try:
      below = file.read_text().split()
    except OSError:  # it has ended
      continue
    yield from itertools.chain.from_iterable(tree(int(child)) for child in below)


def share(pid: int) -> int:
  """Bytes that a process holds, those shared with others divided among them; 0 once it ended."""
  try:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
  except OSError:
    return 0
  return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def make_ava(folder: Path) -> None:
  """AVA's files in ILGnet's split, with tiny photographs."""
  random = np.random.default_rng(0)
  images = folder / "images"
  images.mkdir(parents=True)
  for number in range(PICTURES):
    Image.fromarray(random.integers(0, 256, (48, 64, 3), np.uint8)).save(folder / f"{number}.jpg")
  counts = random.multinomial(210, random.dirichlet(np.full(10, 3.0), AVA))
  ids = 1 + np.sort(random.permutation(960_000)[:AVA])
  rows = [f"{i + 1} {ids[i]} {' '.join(map(str, counts[i]))} 1 22 1396" for i in range(AVA)]
  (folder / "AVA.txt").write_text("\n".join(rows) + "\n")
  high = (counts @ np.arange(1, 11) / 210 > 5).astype(int)
  lines = [f"{ids[i]}.jpg {high[i]}" for i in random.permutation(AVA)]
  (folder / "val.txt").write_text("\n".join(lines[:TEST]) + "\n")
  (folder / "train.txt").write_text("\n".join(lines[TEST:]) + "\n")
  for i, number in enumerate(ids):
    os.link(folder / f"{i % PICTURES}.jpg", images / f"{number}.jpg")


def prepare(workdir: Path) -> None:
  """Whole; with an archive of 3 GB beside it; with every other image missing."""
  source = workdir / "AVA"
  make_ava(source)
  command = ("-m", "launch.prepare_data", "--dataset=ava", f"--source={source}")
  watch(*command, f"--out={workdir / 'prepared'}")
  with (source / "images.7z").open("wb") as archive:
    archive.truncate(3 << 30)
  watch(*command, f"--out={workdir / 'beside_an_archive'}")
  for image in itertools.islice((source / "images").iterdir(), 0, None, 2):
    image.unlink()
  watch(*command, f"--out={workdir / 'half'}")
  shutil.rmtree(workdir / "beside_an_archive")


def evaluate(workdir: Path) -> None:
  """What launch.evaluate does with 250,000 predictions once a network has made them."""
  from paiaa_jax.apps import evaluate_model

  random = np.random.default_rng(0)
  scale = tuple(range(1, 11))
  shares = random.dirichlet(np.full(10, 3.0), TEST).astype(np.float32)
  said = (0.5 * shares + 0.5 * random.dirichlet(np.full(10, 3.0), TEST)).astype(np.float32)
  aux = random.uniform(-1, 1, (2, TEST, len(TRAITS))).astype(np.float32)
  names = [f"{i}.jpg" for i in range(TEST)]
  predicted = evaluate_model.Predicted(names, said, aux[0], shares, aux[1], shares @ scale)
  model: Any = SimpleNamespace(score_values=scale, aux_names=tuple(TRAITS), tasks="joint")
  before, start = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
  manifest = {"scale": scale, "aux_names": TRAITS}
  evaluate_model.write(workdir / "predictions" / "ava_test", predicted, model, manifest)
  seconds, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_SELF)
  cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
  print(f"{seconds:.1f} s, {cpu:.1f} s of CPU; MiB at most before {before.ru_maxrss / 1024:,.0f}, ")
  print(f"after {after.ru_maxrss / 1024:,.0f}; {ratios.machine()}")


def personalize(workdir: Path, users: int, images: int) -> None:
  """launch.personalize on shards of 10,000 users who rated 100 images each."""
  random = np.random.default_rng(0)
  names = np.array([f"{i:08d}.jpg" for i in range(images)])
  for kind in ("ratings", "scores"):
    (workdir / kind).mkdir(parents=True)
  for shard, start in enumerate(range(0, images, IMAGES_A_SHARD)):
    paths = names[start : start + IMAGES_A_SHARD]
    columns = {name: random.uniform(-1, 1, len(paths)).astype(np.float32) for name in TRAITS}
    scores = {"path": paths, "aesthetic_score": random.uniform(2, 4, len(paths)), **columns}
    pl.DataFrame(scores).write_parquet(workdir / "scores" / f"{shard:05d}.parquet")
  for shard, start in enumerate(range(0, users, USERS_A_SHARD)):
    people = np.arange(start, min(start + USERS_A_SHARD, users)).repeat(RATINGS)
    rated = {
      "user": pl.Series(people).cast(pl.String),
      "path": names[random.integers(0, images, len(people))],
      "score": random.integers(1, 6, len(people)).astype(np.float32),
    }
    pl.DataFrame(rated).write_parquet(workdir / "ratings" / f"{shard:05d}.parquet")
  given = sum(file.stat().st_size for file in workdir.glob("*/*.parquet"))
  config = "--config=configs/personalize_at_scale.py"
  tables = [f"--config.shards.{kind}={workdir / kind}/*.parquet" for kind in ("ratings", "scores")]
  watch("-m", "launch.personalize", config, f"--workdir={workdir / 'run'}", *tables)
  between = sum(file.stat().st_size for file in (workdir / "run" / "parts").rglob("*.parquet"))
  print(
    f"  {users:,} users, {images:,} images, {given / 1e6:,.0f} MB in, {between / 1e6:,.0f} between"
  )


def main() -> None:
  parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
  parser.add_argument("what", choices=("prepare", "evaluate", "personalize"))
  parser.add_argument("--workdir", type=Path, required=True, help="a new folder")
  parser.add_argument("--users", type=int, default=1_000_000)
  parser.add_argument("--images", type=int, default=200_000)
  given = parser.parse_args()
  if given.what == "personalize":
    personalize(given.workdir, given.users, given.images)
  else:
    {"prepare": prepare, "evaluate": evaluate}[given.what](given.workdir)


if __name__ == "__main__":
  main()
