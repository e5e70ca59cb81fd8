"""`paiaa demo`: what it prints is what it did, and its photographs are named with their rights."""

import re
import shlex
import webbrowser

import pytest

from paiaa_jax.photos import demo
from tests.photos.command import runner


@pytest.fixture
def paiaa(model_path, tmp_path, monkeypatch, capsys):
  monkeypatch.setenv("PAIAA_MODEL", str(model_path))
  monkeypatch.setenv("PAIAA_CACHE", str(tmp_path / "cache.sqlite"))
  return runner(monkeypatch, capsys)


def test_the_commands_that_it_prints_give_its_files_again(paiaa, tmp_path, monkeypatch):
  opened = []
  monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or True)
  folder = tmp_path / "a demo"
  code, _, words = paiaa("demo", folder)
  assert code == 0 and opened == [(folder / "top.html").as_uri()]
  made = {path.name: path.read_bytes() for path in folder.glob("*.*")}
  assert (
    made["top.html"].count(b"data:image/jpeg") == len(list((folder / "photos").iterdir())) == 32
  )
  commands = re.findall(r"^\$ paiaa (.*)$", words, re.MULTILINE)
  assert [command.partition(" ")[0] for command in commands] == ["score", "personalize", "rank"]
  for name in set(made) - {"ratings.csv"}:
    (folder / name).unlink()
  for command in commands:
    assert paiaa(*shlex.split(command))[0] == 0
  assert {path.name: path.read_bytes() for path in folder.glob("*.*")} == made


def test_a_folder_that_holds_something_is_left_alone(paiaa, tmp_path):
  (tmp_path / "mine").mkdir()
  (tmp_path / "mine" / "photo.jpg").touch()
  code, _, words = paiaa("demo", tmp_path / "mine", "--no-browser")
  assert code == 2 and "name a new folder" in words
  assert len(list((tmp_path / "mine").iterdir())) == 1


def test_every_photograph_has_its_rights():
  page = (demo.SOURCES / "README.md").read_text()
  rows = re.findall(r"^\| `(\w+)\.jpg` \|.*\| (CC0|public domain) \|$", page, re.MULTILINE)
  files = {path.stem for path in demo.SOURCES.glob("*.jpg")}
  assert {name for name, _ in rows} == files == set(demo.LIKED)
