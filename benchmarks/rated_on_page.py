"""Vessel's users rate through the page's own addresses: what the order of suggest gains.

    python -m benchmarks.rated_on_page --vessel=DIR --draws=2

Half of the photographs, drawn, are the folder that is rated; the other half is ranked by the
profile that the page gives away. A user gives their first rating, from 1..7 to the nearest of 1..5
stars, to what /api/next shows by the order; the target is the mean of their later ratings. Nothing
is fitted to Vessel. Printed after 10, 20 and 40 ratings: SROCC by the general score and by each
order, and the difference with its 95 % interval over users.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import numpy as np
import requests
import uvicorn

from benchmarks.own_taste import Ratings, described, read, srcc
from paiaa_jax.models.weights.model_folder import ModelFolder
from paiaa_jax.photos import profile_file
from paiaa_jax.photos.cache import default_path
from paiaa_jax.photos.library import Library
from paiaa_jax.web import app
from paiaa_jax.web.room import Room
from paiaa_jax.web.session import Session

SHOTS = (10, 20, 40)
ORDERS = ("suggest", "random")
TOKEN = "token-of-the-benchmark"


class Asked(requests.Session):
  """Asks the page's server by the path behind /api/."""

  def __init__(self, port: int):
    super().__init__()
    self.base = f"http://127.0.0.1:{port}/api/"
    self.headers["X-Paiaa-Token"] = TOKEN

  def request(self, method, url, *arguments, **options):
    return super().request(method, self.base + str(url), *arguments, **options)


@contextlib.contextmanager
def page(folder: Path, model: ModelFolder, cache: Path, place: Path) -> Generator[Asked]:
  """A server of the folder with a new session."""
  session = Session(place / f"{time.time_ns()}.session")
  room = Room(Library([folder], model, cache=cache), session, place / "thumbnails", place / "best")
  with socket.create_server(("127.0.0.1", 0)) as bound:
    port = bound.getsockname()[1]
    asgi, _ = app.make(room, TOKEN, "127.0.0.1", port)
    server = uvicorn.Server(uvicorn.Config(asgi, log_level="error", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, args=([bound],))
    thread.start()
    room.start()
    try:
      yield Asked(port)
    finally:
      server.should_exit = True
      thread.join()
      room.end()


def rate(
  asked: Asked, order: str, stars: dict[str, int], place: Path
) -> Iterator[tuple[int, Path]]:
  """Rates what the page shows; (number of ratings, profile) at each of SHOTS."""
  while asked.get("state").json()["fitting"] or not asked.get("scores").json()["generic"][0]:
    time.sleep(0.05)
  names = asked.get("photos").json()["name"]
  while asked.get("next", params={"order": order}).json()["order"] != order:
    time.sleep(0.05)
  given: set[int] = set()
  skipped: set[int] = set()
  while len(given) < max(SHOTS):
    shown = asked.get("next", params={"order": order, "count": 60}).json()["ids"]
    shown = [number for number in shown if number not in skipped]
    if not shown:
      return
    number = shown[0]
    if names[number] not in stars:
      skipped.add(number)
      continue
    body = {"id": number, "value": stars[names[number]], "order": order}
    answer = asked.post("rate", json=body | {"key": f"key-{time.time_ns()}"})
    if answer.status_code == 429:
      time.sleep(1)
      continue
    given.add(number)
    if len(given) in SHOTS:
      (place / "me.json").write_bytes(asked.get("export/profile.json").content)
      yield len(given), place / "me.json"


def one_draw(found: Ratings, model: ModelFolder, photographs, cache: Path, draw: int) -> np.ndarray:
  """SROCC [users, SHOTS, general score and ORDERS] on the half that is not in the folder."""
  half = len(found.paths) // 2
  pool, rest = np.split(np.random.default_rng([draw, 7]).permutation(len(found.paths)), [half])
  table = np.full((len(found.users), len(SHOTS), 1 + len(ORDERS)), np.nan)
  with tempfile.TemporaryDirectory() as name:
    folder, place = Path(name) / "photographs", Path(name)
    folder.mkdir()
    for row in pool:
      shutil.copy2(found.paths[row], folder)
    for u in range(len(found.users)):
      test = rest[~np.isnan(found.later[u][rest])]
      first = found.first[u]
      stars = {
        found.paths[row].name: int(np.rint(1 + (first[row] - 1) * 4 / 6))
        for row in pool
        if not np.isnan(first[row])
      }
      if len(test) < 20 or len(stars) < max(SHOTS):
        continue
      target = found.later[u][test]
      table[u, :, 0] = srcc(photographs.generic[test], target)
      for i, order in enumerate(ORDERS, start=1):
        with page(folder, model, cache, place) as asked:
          for count, path in rate(asked, order, stars, place):
            score = profile_file.load(path).score(photographs.take(test))
            table[u, SHOTS.index(count), i] = srcc(score, target)
  return table


def show(tables: list[np.ndarray]) -> None:
  each = np.nanmean(tables, axis=0)
  each = each[np.isfinite(each).all(axis=(1, 2))]
  for k, row in zip(SHOTS, each.transpose(1, 0, 2), strict=True):
    gap = row[:, 1] - row[:, 2]
    drawn = np.random.default_rng(0).choice(gap, (10_000, len(gap))).mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    general, suggest, random = row.mean(axis=0)
    print(
      f"after {k} ratings, {len(row)} users, {len(tables)} draws: general {general:.3f}, suggest "
      f"{suggest:.3f}, random {random:.3f}; suggest less random {gap.mean():+.4f} "
      f"[{low:+.4f}, {high:+.4f}]",
      flush=True,
    )


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
  parser.add_argument("--vessel", type=Path, required=True)
  parser.add_argument("--draws", type=int, default=2)
  options = parser.parse_args()
  found = read(options.vessel)
  model, photographs, _ = described(found.paths, None)
  cache, tables = default_path(), []
  for draw in range(options.draws):
    tables.append(one_draw(found, model, photographs, cache, draw))
    show(tables)


if __name__ == "__main__":
  main()
