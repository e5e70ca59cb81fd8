"""A room with the tiny model over twenty photographs, and a client that its door lets in."""

import contextlib
import socket
import threading
import time

import numpy as np
import pytest
import requests
import uvicorn

from paiaa_jax.photos.library import Library
from paiaa_jax.web import app
from paiaa_jax.web.room import Room
from paiaa_jax.web.session import Session
from tests.photos.conftest import model, model_path, photos, save_photo  # noqa: F401

TOKEN = "token-of-the-tests"
SEED = 3  # of every session: which photographs judge is drawn by it


class Client(requests.Session):
  """Asks by path, and brings the token."""

  def __init__(self, port):
    super().__init__()
    self.base = f"http://127.0.0.1:{port}"
    self.headers["X-Paiaa-Token"] = TOKEN

  def request(self, method, path, **options):
    options = {"timeout": 30, "allow_redirects": False} | options
    return super().request(method, self.base + path, **options)


@pytest.fixture
def open_room(model, tmp_path):  # noqa: F811
  """open_room(folder, session="a.session", **options of Library) -> a Room that is not started."""
  opened = []

  def open_(folder, session="a.session", **options):
    opened.append(room_of(folder, model, tmp_path, session, **options))
    return opened[-1]

  yield open_
  for room in opened:
    room.end()


def room_of(folder, model, place, session="a.session", **options):  # noqa: F811
  options = {"batch_size": 8, "cache": place / "cache.sqlite"} | options
  library = Library([folder], model, **options)
  opened = Session(place / session)
  opened.seed = SEED
  return Room(library, opened, place / "thumbnails", place / "best")


@pytest.fixture
def room(open_room, photos):  # noqa: F811
  """Twenty photographs, all of them scored."""
  return scored(open_room(photos))


def scored(room):
  room.start()
  wait_until(lambda: room.collection.is_scored)
  wait_until(lambda: len(room.refit.view.rows) == room.collection.scored.sum())
  return room


@pytest.fixture
def client(room, serve):
  """Asks a server of the room as the page does."""
  return serve(room)


@pytest.fixture
def serve():
  """serve(room) -> a Client of a server that listens on a port of this machine."""
  with contextlib.ExitStack() as servers:
    yield lambda room: servers.enter_context(served(room))


@pytest.fixture(scope="session")
def shared(model, tmp_path_factory):  # noqa: F811
  """A Client of a server for tests that change nothing."""
  place = tmp_path_factory.mktemp("shared")
  random = np.random.default_rng(0)
  (place / "photos").mkdir()
  (place / "secret.txt").write_bytes(b"what nobody outside of the folder may read")
  for number in range(4):
    save_photo(place / "photos" / f"{number:02d}.jpg", random)
  room = scored(room_of(place / "photos", model, place))
  with served(room) as client:
    yield client
  room.end()


@contextlib.contextmanager
def served(room):
  bound = socket.create_server(("127.0.0.1", 0))
  port = bound.getsockname()[1]
  asgi, _ = app.make(room, TOKEN, "127.0.0.1", port)
  server = uvicorn.Server(uvicorn.Config(asgi, log_level="warning", lifespan="off", ws="none"))
  room.events.is_over = lambda: server.should_exit
  thread = threading.Thread(target=server.run, args=([bound],))
  thread.start()
  client = Client(port)
  try:
    yield client
  finally:
    client.close()
    server.should_exit = True
    thread.join()
    bound.close()


def wait_until(true, seconds=180):
  end = time.monotonic() + seconds
  while not true():
    assert time.monotonic() < end, "it never came"
    time.sleep(0.01)


def rate(client, number, value, key=None, **more):
  body = {"id": number, "value": value, "key": key or f"key-{number}-{time.monotonic_ns()}"}
  return client.post("/api/rate", json=body | more)


def settled(client):
  """Waits until everything that was done is in the view."""
  wait_until(lambda: not client.get("/api/state").json()["fitting"])
