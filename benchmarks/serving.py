"""`paiaa serve` under many clients: answers, seconds, memory, and its rows beside the command's.

    python -m benchmarks.serving --clients=20 --requests=2000 [--model=FOLDER]

Each request holds one of the 32 photographs of `paiaa demo`. The service is a process of its own on
this machine, so that clients and service share its cores.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import requests

from paiaa_jax.photos import demo

PAIAA = (sys.executable, "-c", "from paiaa_jax.cli import main; main()")
PORT = 8765


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument("--clients", type=int, default=20)
  parser.add_argument("--requests", type=int, default=2000)
  parser.add_argument("--model", default="")
  asked = parser.parse_args()
  model = ["--model", asked.model] if asked.model else []
  with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    demo.write_photographs(folder / "photos")
    rows = folder / "rows.jsonl"
    subprocess.run([*PAIAA, "score", str(folder / "photos"), "-o", str(rows), *model], check=True)
    expected = {}
    for line in rows.read_text(encoding="utf-8").splitlines():
      row = json.loads(line)
      expected[Path(row["path"]).name] = {**row, "path": Path(row["path"]).name}
    service = subprocess.Popen([*PAIAA, "serve", "--port", str(PORT), *model])
    try:
      measure(service, sorted((folder / "photos").iterdir()), expected, asked)
    finally:
      service.kill()


def measure(service, photos: list[Path], expected: dict, asked) -> None:
  while not is_ready():
    time.sleep(0.5)
  files = {photo.name: photo.read_bytes() for photo in photos}
  names = list(files)
  for photo in names:  # whatever is made once
    ask(photo, files[photo])
  first, began = memory(service.pid), time.monotonic()
  with ThreadPoolExecutor(asked.clients) as pool:
    chosen = [names[i % len(names)] for i in range(asked.requests)]
    told = list(pool.map(lambda photo: ask(photo, files[photo]), chosen))
    took = time.monotonic() - began
    seconds = np.array([each[1] for each in told])
    wrong = sum(row != expected[photo] for photo, (row, _) in zip(chosen, told, strict=True))
    print(f"{asked.requests} requests of {asked.clients} clients, {wrong} other than the command's")
    print(
      f"{asked.requests / took:.1f} a second; {np.median(seconds):.2f} s in the middle, "
      f"{np.quantile(seconds, 0.95):.2f} s at the 95th percentile"
    )
    print(f"resident: {first:.0f} MB before, {memory(service.pid):.0f} MB after")
    under_way = [pool.submit(ask, photo, files[photo]) for photo in names[: asked.clients]]
    time.sleep(0.2)
    os.kill(service.pid, signal.SIGTERM)
    answered = sum(each.exception() is None for each in under_way)
    print(f"stopped by SIGTERM: {answered} of {len(under_way)} requests under way were answered")


def is_ready() -> bool:
  try:
    return requests.get(f"http://127.0.0.1:{PORT}/healthz", timeout=5).ok
  except (requests.ConnectionError, requests.Timeout):  # it listens before it has compiled
    return False


def ask(name: str, data: bytes) -> tuple[dict, float]:
  """The row of one photograph, and how long it took."""
  began = time.monotonic()
  answer = requests.post(
    f"http://127.0.0.1:{PORT}/score", files=[("files", (name, data))], timeout=120
  )
  answer.raise_for_status()
  (row,) = answer.json()["rows"]
  return row, time.monotonic() - began


def memory(process: int) -> float:
  """MB that a process has in memory."""
  status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
  return int(status.partition("VmRSS:")[2].split()[0]) / 1e3


if __name__ == "__main__":
  main()
