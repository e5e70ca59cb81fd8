"""A server killed at any moment: what it acknowledged is stored, once; what it did not may be."""

import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import requests

from paiaa_jax.web.session import Session
from tests.web.conftest import room_of, scored

COMMAND = (sys.executable, "-c", "from paiaa_jax.cli import main; main()")


@pytest.fixture
def start(photos, model, tmp_path):
  """start() -> (process, address, headers) of `paiaa rate` over photographs scored before."""
  scored(room_of(photos, model, tmp_path, "before.session")).end()
  started = []

  def start_():
    command = [*COMMAND, "rate", photos, "--no-browser", f"--session={tmp_path / 'the.session'}"]
    options = [f"--model={model.folder}", f"--cache={tmp_path / 'cache.sqlite'}"]
    process = subprocess.Popen(
      [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    started.append(process)
    address, _, token = process.stdout.readline().strip().partition("/?token=")
    return process, address, {"X-Paiaa-Token": token}

  yield start_
  for process in started:
    process.kill()
    process.wait()
    process.stdout.close()


def press_keys(address, headers, draw, actions, until, pause):
  """Rates, and undoes now and then, until the server is gone; an action without answer is last.

  actions: of (path, body), those that were answered first; what is not answered is sent again.
  """
  with requests.Session() as asked:
    asked.headers.update(headers)
    while time.monotonic() < until:
      if not actions or actions[-1][2]:
        key = f"key-{len(actions):05d}"
        path = "undo" if draw.random() < 0.1 else "rate"
        body = {"key": key}
        if path == "rate":
          body |= {"id": draw.randrange(20), "value": draw.choice([-1, 0, 1, 2, 3, 4, 5])}
        actions.append([path, body, False])
      path, body, _ = actions[-1]
      try:
        answer = asked.post(f"{address}/api/{path}", json=body, timeout=60)
      except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
        return
      if answer.status_code == 429:  # faster than hands are
        time.sleep(0.05)
        continue
      assert answer.status_code == 200, answer.text
      actions[-1][2] = True
      time.sleep(pause)


def replayed(actions):
  """What the actions come to, by number of photograph."""
  standing = []
  for path, body, _ in actions:
    if path == "rate":
      standing.append(body)
    elif standing:
      standing.pop()
  ratings = {}
  for body in standing:
    ratings[body["id"]] = body["value"]
  return {number: value for number, value in ratings.items() if value}


@pytest.mark.parametrize(
  ("kills", "pause"), [(4, 0.0), pytest.param(50, 0.2, marks=pytest.mark.soak)]
)
def test_what_was_acknowledged_is_stored_once(start, tmp_path, kills, pause):
  draw, actions, unanswered = random.Random(kills), [], 0
  for _ in range(kills):
    process, address, headers = start()
    moment = time.monotonic() + draw.uniform(0.1, 1.0 + 10 * pause)
    killer = subprocess.Popen(  # from outside: this thread is inside a request when it strikes
      [sys.executable, "-c", f"import os, time; time.sleep({moment - time.monotonic()});"
       f"os.kill({process.pid}, {signal.SIGKILL:d})"]
    )  # fmt: skip
    press_keys(address, headers, draw, actions, moment + 30, pause)
    killer.wait()
    assert process.wait(30) == -signal.SIGKILL
    session = Session(tmp_path / "the.session")
    stored = [action.key for action in session.marks()._log.values()]
    session.close()
    acknowledged = [body["key"] for _, body, answered in actions if answered]
    unanswered += not actions[-1][2]
    assert stored[: len(acknowledged)] == acknowledged  # all of them, in order
    assert len(stored) - len(acknowledged) <= 1 and len(set(stored)) == len(stored)
  assert unanswered and acknowledged
  process, address, headers = start()
  press_keys(address, headers, draw, actions, time.monotonic() + 0.2, 0.0)
  photos = requests.get(f"{address}/api/photos", headers=headers, timeout=60).json()
  state = requests.get(f"{address}/api/state", headers=headers, timeout=60).json()
  found = {i: value for i, value in enumerate(photos["rating"]) if value is not None}
  assert found == replayed(actions)
  assert state["revision"] >= len(actions)
  assert np.sum([value == -1 for value in found.values()]) == state["counts"]["rejected"]
