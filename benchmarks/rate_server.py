"""How fast the server of `paiaa rate` is with many photographs, as a page asks it.

    python -m benchmarks.rate_server --photographs=10000

Small files with made-up coordinates of the packaged model's size, known to the cache: nothing
is scored. Ratings come five a second. A rating: from asking to the answer, with refits beside it. A
refit: from the end of the pause of keys until scores and best of the new view are there.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import requests

from paiaa_jax.photos import files, score
from paiaa_jax.photos.cache import KEY, Rows, split_digests
from paiaa_jax.photos.choose_model import open_model
from paiaa_jax.web.refit import PAUSE

COMMAND = (sys.executable, "-c", "from paiaa_jax.cli import main; main()", "rate")
# A JPEG of 8 x 8 grey pixels; a comment of its own makes each file another.
PIXELS = 8


def make_library(folder: Path, cache: Path, count: int) -> None:
  """Files, and a cache that knows what the packaged model says of them, at random."""
  from io import BytesIO

  from PIL import Image

  encoded, random = BytesIO(), np.random.default_rng(0)
  Image.fromarray(random.integers(0, 256, (PIXELS, PIXELS, 3), np.uint8)).save(encoded, "JPEG")
  folder.mkdir()
  digests, seen = [], []
  for i in range(count):
    path, comment = folder / f"{i:06d}.jpg", f"{i:06d}".encode()
    data = encoded.getvalue()
    data = data[:2] + b"\xff\xfe" + (2 + len(comment)).to_bytes(2, "big") + comment + data[2:]
    path.write_bytes(data)
    digests.append(files.digest_of(data))
    seen.append((str(path), len(data), path.stat().st_mtime_ns, digests[-1]))
  model = open_model(None)
  keys: np.ndarray = np.empty(count, KEY)
  keys["digest"], keys["look"] = split_digests(digests), random.integers(0, 1 << 62, count)
  keys["taken"] = np.nan
  shares = random.dirichlet(np.full(len(model.score_values), 0.7), count)
  outputs = random.normal(0, 0.3, (count, len(model.aux_names)))
  coordinates = random.normal(0, 1, (count, model.num_coordinates))
  vectors = np.concatenate([shares, outputs], axis=1).astype(np.float32)
  with score.open_cache(cache, model) as base:
    base.add(Rows(keys, vectors, coordinates.astype(np.float16)))
    base.remember_files(seen)
  os.sync()  # as a library that was there before: a rating does not wait for these files


class Page:
  """Asks as a page does, and hears of changes."""

  def __init__(self, address: str):
    self.base, _, token = address.strip().partition("/?token=")
    self.asked, self.state = requests.Session(), {}
    self.asked.headers["X-Paiaa-Token"] = token
    self.changed = threading.Condition()
    threading.Thread(target=self._listen, daemon=True).start()

  def _listen(self) -> None:
    headers = dict(self.asked.headers)
    with requests.get(f"{self.base}/api/events", stream=True, headers=headers) as answer:
      for line in answer.iter_lines(chunk_size=1):
        if line.startswith(b"data: "):
          with self.changed:
            self.state = requests.models.complexjson.loads(line[6:])
            self.changed.notify_all()

  def wait(self, true) -> None:
    with self.changed:
      assert self.changed.wait_for(lambda: self.state and true(self.state), 600)

  def rate(self, number: int, value: int) -> float:
    """Milliseconds until it is answered."""
    body = {"id": number, "value": value, "key": f"bench-{time.time_ns()}", "order": "random"}
    began = time.perf_counter()
    answer = self.asked.post(f"{self.base}/api/rate", json=body)
    assert answer.status_code == 200, answer.text
    return 1e3 * (time.perf_counter() - began)

  def refit(self, number: int, value: int) -> float:
    """Milliseconds from the end of the pause until the new order is there."""
    self.wait(lambda state: not state["fitting"])
    before = self.state["refit"]
    self.rate(number, value)
    began = time.perf_counter()
    self.wait(lambda state: state["refit"] > before)
    for path in ("scores", "best"):
      assert self.asked.get(f"{self.base}/api/{path}").status_code == 200
    return 1e3 * (time.perf_counter() - began - PAUSE)


def show(what: str, times: list[float]) -> None:
  middle, most = np.percentile(times, (50, 95))
  print(f"{what}: median {middle:.0f} ms, 95th percentile {most:.0f} ms, most {max(times):.0f} ms")


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
  parser.add_argument("--photographs", type=int, default=10_000)
  parser.add_argument("--ratings", type=int, default=100)
  options = parser.parse_args()
  with tempfile.TemporaryDirectory() as name:
    library, cache = Path(name) / "library", Path(name) / "cache.sqlite"
    make_library(library, cache, options.photographs)
    command = [*COMMAND, library, "--no-browser", f"--cache={cache}", f"--session={name}/a.session"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ})
    try:
      assert server.stdout is not None
      began = time.perf_counter()
      page = Page(server.stdout.readline())
      print(f"answers after {time.perf_counter() - began:.1f} s")
      page.wait(lambda state: state["ready"] == options.photographs and state["refit"])
      print(f"all is known after {time.perf_counter() - began:.1f} s")
      measure(page, options.ratings, options.photographs)
    finally:
      server.terminate()
      server.wait()


def measure(page: Page, ratings: int, photographs: int) -> None:
  random = np.random.default_rng(1)
  numbers, given = random.permutation(photographs)[: ratings + 10], []
  for number in numbers[:ratings]:
    given.append(page.rate(int(number), int(random.integers(1, 6))))
    time.sleep(0.2)
  show(f"a rating, {ratings} of them", given)
  page.wait(lambda state: not state["fitting"])
  refits = [page.refit(int(number), int(random.integers(1, 6))) for number in numbers[ratings:]]
  show(f"a refit and the order of {photographs} photographs after {ratings} ratings", refits)


if __name__ == "__main__":
  main()
