"""The service: the command's rows, whoever asks at the same time; limits; a clean end."""

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import requests
import uvicorn

from paiaa_jax.photos import profile_file, rank, table
from paiaa_jax.photos.personal import learn_from, photographs_of
from paiaa_jax.serving import app
from paiaa_jax.serving.batches import Batches, Full
from paiaa_jax.serving.scorer import PERSONAL, Scorer
from tests.photos.conftest import model, model_path, open_library, photos  # noqa: F401

MOST = 1 << 20


@pytest.fixture
def library(open_library, photos):  # noqa: F811
  (photos / "bad.jpg").write_text("no picture")
  return open_library(photos)


@pytest.fixture
def profile(library, tmp_path):
  """A profile of all twenty photographs, and its file."""
  scored = library.scored()
  described = photographs_of(scored.vectors, scored.coordinates, library.model)
  found = learn_from(described, np.arange(20.0) % 5 + 1, library.model, (1.0, 5.0))
  profile_file.save(found, tmp_path / "me.json")
  return found, tmp_path / "me.json"


@pytest.fixture
def address(model):  # noqa: F811
  """Of a running service without a profile of its own."""
  scorer = Scorer(model, batch_size=8, seconds=30, most=64)
  served = app.make(scorer, None, MOST, 30)
  config = uvicorn.Config(served, log_level="warning", lifespan="off", ws="none")
  server, bound = uvicorn.Server(config), socket.create_server(("127.0.0.1", 0))
  thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
  thread.start()
  yield f"http://127.0.0.1:{bound.getsockname()[1]}"
  server.should_exit = True
  thread.join()
  bound.close()
  scorer.end()


def post(address, verb, paths, **files):
  parts = [("files", (path.name, path.read_bytes())) for path in paths]
  return requests.post(f"{address}/{verb}", files=[*parts, *files.items()], timeout=30)


def test_many_clients_at_once_get_the_rows_of_the_command(address, library, photos):  # noqa: F811
  expected = {}
  for photo in library.photos():
    row = table.to_row(photo, library.model) | {"path": photo.path.name}
    expected[photo.path.name] = json.loads(json.dumps(row))
  paths = sorted(photos.iterdir())
  asked = [[paths[(i + j) % len(paths)] for j in range(1 + i % 3)] for i in range(60)]
  with ThreadPoolExecutor(20) as pool:
    answers = list(pool.map(lambda chosen: post(address, "score", chosen), asked))
  for chosen, answer in zip(asked, answers, strict=True):
    assert answer.status_code == 200
    assert answer.json()["rows"] == [expected[path.name] for path in chosen]  # to the last bit
  counted = requests.get(f"{address}/metrics", timeout=30).text
  bad = sum(path.name == "bad.jpg" for chosen in asked for path in chosen)
  assert 'paiaa_requests_total{status="200"} 60\n' in counted
  assert f"paiaa_bad_files_total {bad}\n" in counted and "paiaa_waiting_photographs 0" in counted


def test_personal_scores_and_the_ranking_are_the_commands(address, library, profile):
  found, file = profile
  ranked = rank.rank(library, found).rows
  by_name = {row["path"].rpartition("/")[2]: row for row in ranked}
  paths = [photo.path for photo in library.photos()]
  given = {"profile": ("me.json", file.read_bytes())}
  for row in post(address, "personal", paths, **given).json()["rows"]:
    expected = by_name.get(row["path"], dict.fromkeys(PERSONAL))
    assert [row[name] for name in PERSONAL] == [
      pytest.approx(expected[name], abs=1e-9) if expected[name] else None for name in PERSONAL
    ]
  told = post(address, "rank", paths, **given).json()["rows"]
  assert [row["path"] for row in told] == list(by_name)
  assert [row["percentile"] for row in told] == [row["percentile"] for row in ranked]


def test_what_is_refused_is_one_sentence(address, photos):  # noqa: F811
  photo = [photos / "00.jpg"]
  assert "no profile" in post(address, "personal", photo).json()["error"]
  wrong = post(address, "rank", photo, profile=("me.json", b"{}"))
  assert wrong.status_code == 422 and "profile" in wrong.json()["error"]
  large = photos / "large.jpg"
  large.write_bytes(bytes(2 * MOST))
  assert post(address, "score", [large]).status_code == 413
  start = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'
  chunks = iter([start, bytes(MOST), bytes(MOST)])  # no length is told beforehand
  kind = {"Content-Type": "multipart/form-data; boundary=b"}
  answer = requests.post(f"{address}/score", data=chunks, headers=kind, timeout=30)
  assert answer.status_code == 413 and "larger than 1 MiB" in answer.json()["error"]
  empty = requests.post(f"{address}/score", timeout=30)
  assert empty.status_code == 422 and empty.json()["error"].startswith("files: ")
  asked = {"Origin": "http://elsewhere"}
  assert requests.get(f"{address}/healthz", headers=asked, timeout=30).status_code == 403
  assert requests.get(f"{address}/healthz", timeout=30).json()["status"] == "ok"
  assert "/score" in requests.get(f"{address}/openapi.json", timeout=30).json()["paths"]


def test_calls_are_shared_in_order_bounded_and_told_before_the_end():
  calls, go = [], threading.Event()

  def predict(pixels):
    calls.append(len(pixels))
    go.wait()
    return pixels[:, 0, 0].astype(np.float32), pixels[:, 0, 1]

  batches = Batches(predict, size=4, most=9)
  images = [np.full((2, 2, 3), i, np.uint8) for i in range(10)]
  first = batches.add(images[0])
  while not calls:
    time.sleep(0.001)
  told = [first, *map(batches.add, images[1:])]
  with pytest.raises(Full):
    batches.add(images[0])
  assert told.pop().cancel()
  go.set()
  batches.end()
  assert calls == [1, 4, 4]
  assert [each.result(0)[0][0] for each in told] == list(range(9))


def test_an_error_of_the_network_is_told_and_the_next_call_is_made():
  def predict(pixels):
    if pixels.max() > 1:
      raise RuntimeError("out of memory")
    return pixels[:, 0, 0], pixels[:, 0, 1]

  batches = Batches(predict, size=1, most=2)
  with pytest.raises(RuntimeError, match="out of memory"):
    batches.add(np.full((1, 2, 3), 2, np.uint8)).result(10)
  assert batches.add(np.zeros((1, 2, 3), np.uint8)).result(10)[0].tolist() == [0, 0, 0]
  batches.end()
