"""What macOS and Windows lack is never needed: the verbs run with it taken away."""

import os
import signal
import sys

import pytest

from tests.photos.command import runner

ABSENT = {  # on -> names of `os`, modules
  "macOS": (("sched_getaffinity", "sched_setaffinity"), ()),
  "Windows": (
    *[("sched_getaffinity", "sched_setaffinity", "chown", "fchown", "fchmod", "mkfifo", "fork")],
    ("fcntl", "resource", "pwd", "grp", "termios"),
  ),
}


@pytest.mark.parametrize("system", ABSENT)
def test_the_verbs_of_photographs_run_without_what_a_system_lacks(
  system, photos, model_path, tmp_path, monkeypatch, capsys
):
  import paiaa_jax.photos.personal  # noqa: F401  what other packages load is not at stake

  functions, modules = ABSENT[system]
  for name in functions:
    monkeypatch.delattr(os, name, raising=False)
  for name in (*functions, *modules):
    assert not hasattr(os, name)
  for name in modules:
    monkeypatch.setitem(sys.modules, name, None)  # an import of it fails
  if system == "Windows":
    monkeypatch.delattr(signal, "SIGHUP")
  run = runner(monkeypatch, capsys)
  own = ["--model", model_path, "--cache", tmp_path / "cache.sqlite"]
  ratings, profile = tmp_path / "ratings.csv", tmp_path / "me.json"
  rows = [f"{path},{i % 5 + 1}" for i, path in enumerate(sorted(photos.glob("*.jpg"))[:8])]
  ratings.write_text("\n".join(["path,rating", *rows]))
  verbs = [
    ("score", photos, *own, "-o", tmp_path / "scores.csv"),
    ("personalize", ratings, *own, "-o", profile),
    ("rank", photos, *own, "--profile", profile, "--html", tmp_path / "top.html"),
    ("stars", photos, *own, "--profile", profile, "--write"),
    ("personalize", "--from-xmp", photos, *own, "-o", tmp_path / "again.json"),
  ]
  told = [run(*verb) for verb in verbs]
  assert [code for code, *_ in told[:4]] == [0, 0, 0, 0], told
  assert told[4][0] == 2 and "no rating" in told[4][2]  # our own predictions are none
  assert len(list(photos.glob("*.xmp"))) == 20
