"""The verb: what it refuses before any work, and what it says."""

import importlib.util
import os
import signal
import subprocess
import sys

import pytest
import requests

from paiaa_jax.web import serve as serving
from tests.photos.command import runner
from tests.web.test_kill import COMMAND


@pytest.fixture
def paiaa(model_path, tmp_path, monkeypatch, capsys):
  monkeypatch.setenv("PAIAA_MODEL", str(model_path))
  monkeypatch.setenv("PAIAA_CACHE", str(tmp_path / "cache.sqlite"))
  monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
  return runner(monkeypatch, capsys)


@pytest.mark.parametrize(
  ("arguments", "says"),
  [
    (["nowhere"], "nowhere: no such folder"),
    ([".", "--host", "0.0.0.0"], "whoever has the address that is printed sees all photographs"),
    ([".", "--session", "."], "is a folder; a session is a file"),
    ([".", "--port", "70000"], "--port"),
    (["00.jpg"], "no such folder"),
  ],
)
def test_a_mistake_is_one_line(paiaa, photos, monkeypatch, arguments, says):
  monkeypatch.chdir(photos)
  code, out, err = paiaa("rate", *arguments)
  assert code == 2 and out == "" and err.count("\n") == 1 and says in err


@pytest.mark.parametrize("module", ["fastapi", "uvicorn"])
def test_without_the_extra_one_line_names_it(paiaa, photos, monkeypatch, module):
  found = importlib.util.find_spec
  monkeypatch.setattr(
    importlib.util, "find_spec", lambda name: None if name == module else found(name)
  )
  code, _, err = paiaa("rate", photos)
  assert code == 2 and f"paiaa rate needs {module}: pip install 'paiaa-jax[web]'" in err


def test_the_command_loads_no_server_for_other_verbs(photos):
  code = (
    "import sys\nfrom paiaa_jax import cli\nfrom paiaa_jax.web import kept, session\n"
    "print(*{'fastapi', 'uvicorn', 'starlette'} & set(sys.modules))"
  )
  assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == ""


def test_an_empty_folder_and_a_stop(tmp_path, model_path):
  (tmp_path / "empty").mkdir()
  environment = os.environ | {"XDG_DATA_HOME": str(tmp_path / "data")}
  options = ["--no-browser", f"--model={model_path}", f"--cache={tmp_path / 'cache.sqlite'}"]
  process = subprocess.Popen(
    [*COMMAND, "rate", tmp_path / "empty", *options],
    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
  )  # fmt: skip
  address, _, token = process.stdout.readline().strip().partition("/?token=")
  headers = {"X-Paiaa-Token": token}
  state = requests.get(f"{address}/api/state", headers=headers, timeout=30).json()
  assert (state["n"], state["ready"], state["position"]) == (0, 0, None)
  for path in ("photos", "scores", "best", "next", "compare/next", "taste", "next?order=folder"):
    answer = requests.get(f"{address}/api/{path}", headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
  process.send_signal(signal.SIGINT)
  out, err = process.communicate(timeout=30)
  kept = list((tmp_path / "data").rglob("*.session"))
  assert out == "" and "Traceback" not in err and len(kept) == 1 and str(kept[0]) in err


def test_a_folder_keeps_its_session_wherever_it_is_named_from(tmp_path, monkeypatch):
  monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
  (tmp_path / "photos").mkdir()
  (tmp_path / "other").mkdir()
  monkeypatch.chdir(tmp_path)
  where = serving.session_of(tmp_path / "photos")
  assert serving.session_of(tmp_path / "other" / ".." / "photos") == where
  assert serving.session_of(tmp_path / "other") != where
  assert tmp_path / "photos" not in where.parents  # nothing is written among the photographs
