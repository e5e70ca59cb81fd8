"""python -m launch.prepare_data: a manifest on stdout, one line on stderr where input is wrong."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from paiaa_jax.data import records

ROOT = Path(__file__).parents[2]


def write_table(folder, rows=8, name="labels.csv"):
  (folder / "images").mkdir()
  for row in range(rows):
    Image.new("RGB", (30, 20), (20 * row % 256, 90, 160)).save(folder / "images" / f"{row}.jpg")
  lines = [f"{row}.jpg,{row % 5 + 1}" for row in range(rows)]
  (folder / name).write_text("\n".join(["image,score", *lines]))
  return folder / name


def command(**flags):
  given = [f"--{name}={value}" for name, value in flags.items()]
  return [sys.executable, "-m", "launch.prepare_data", *given]


def launch(env, **flags):
  return subprocess.run(command(**flags), cwd=ROOT, env=env, capture_output=True, text=True)


def test_it_prints_the_manifest_and_nothing_else(tmp_path, child_env):
  table, out = write_table(tmp_path), tmp_path / "out"
  flags = dict(dataset="table", source=table, option="test=0.25", name="mine", workers=1)
  verified = launch(child_env, **flags, verify_only=True)
  assert (verified.returncode, verified.stderr) == (0, "") and not out.exists()
  done = launch(child_env, **flags, out=out)
  assert (done.returncode, done.stderr) == (0, "")
  assert done.stdout == verified.stdout
  manifest = json.loads(done.stdout)
  assert manifest["name"] == "mine" and manifest["images"]["test"] == 2
  assert len(records.open_split(out / "mine", "test")) == 2


WRONG = {
  "no flags": (dict(), "--dataset"),
  "a misspelt flag": (dict(dataset="table", source=".", outt="x"), "outt"),
  "an unknown dataset": (dict(dataset="avva", source="."), "ava, flickr_aes"),
  "no such folder": (dict(dataset="ava", source="/nowhere/AVA"), "/nowhere/AVA"),
  "nowhere to write": (dict(dataset="table"), "--out=DIR"),
  "an unknown option": (dict(dataset="table", option="sede=1"), "seed"),
  "a word for a number": (dict(dataset="table", option="seed=x"), "seed"),
}


@pytest.mark.parametrize("flags, told", WRONG.values(), ids=WRONG)
def test_wrong_input_is_one_line_and_exit_code_2(tmp_path, child_env, flags, told):
  flags = dict(source=write_table(tmp_path)) | flags
  if told == "--dataset":
    flags = {}
  elif told != "--out=DIR":
    flags |= dict(out=tmp_path / "out")
  done = launch(child_env, **flags)
  assert done.returncode == 2 and done.stdout == ""
  assert done.stderr.startswith("error: ") and told in done.stderr
  assert done.stderr.count("\n") == 1 and not (tmp_path / "out").exists()


def test_interrupted_at_the_keyboard_it_ends_and_keeps_what_is_done(tmp_path, child_env):
  rows = 3000
  table = write_table(tmp_path, rows)
  flags = dict(dataset="table", source=table, out=tmp_path / "out", workers=2, max_side=10)
  child = subprocess.Popen(
    command(**flags), cwd=ROOT, env=child_env, stdout=subprocess.DEVNULL, start_new_session=True
  )
  with child:
    while not list(tmp_path.glob("out/*/shards/*/*.parquet")):
      assert child.poll() is None
      time.sleep(0.01)
    os.killpg(child.pid, signal.SIGINT)
    assert child.wait(30) != 0
  assert not (tmp_path / "out" / "table").exists()
  assert list(tmp_path.glob("out/*/shards/*/*.parquet"))
