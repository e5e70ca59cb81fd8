"""python -m launch.prepare_data: a manifest on stdout, one line on stderr where input is wrong."""

import functools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from absl.testing import flagsaver
from PIL import Image

from launch import cli_errors, prepare_data
from paiaa_jax.data import records
from tests import children

ROOT = Path(__file__).parents[2]


def write_table(folder, rows=8):
  (folder / "images").mkdir()
  for row in range(rows):
    Image.new("RGB", (30, 20), (20 * row % 256, 90, 160)).save(folder / "images" / f"{row}.jpg")
  lines = [f"{row}.jpg,{row % 5 + 1}" for row in range(rows)]
  (folder / "labels.csv").write_text("\n".join(["image,score", *lines]))
  return folder / "labels.csv"


def as_flags(**flags):
  return [f"--{name}={value}" for name, value in flags.items()]


def test_it_prints_the_manifest_and_nothing_else(tmp_path, child_env):
  table, out = write_table(tmp_path), tmp_path / "out"
  given = as_flags(dataset="table", source=table, option="test=0.25", name="mine", workers=1)
  run = functools.partial(children.run, "launch.prepare_data", *given, env=child_env)
  verified = run("--verify_only")
  told = (
    "mine: 8 images (train 6, test 2), none left out\n  note: the scores are taken to be 1..5; "
  )
  told += (
    "low= and high= say otherwise\n  options, with their defaults: images=, suffix=, low=0.0, "
  )
  assert verified.returncode == 0 and verified.stderr.startswith(told) and not out.exists()
  assert verified.stderr.count("\n") == 3
  done = run(f"--out={out}")
  assert (done.returncode, done.stderr) == (0, verified.stderr)
  assert done.stdout == verified.stdout
  manifest = json.loads(done.stdout)
  assert manifest["name"] == "mine" and manifest["images"]["test"] == 2
  assert len(records.open_split(out / "mine", "test")) == 2


WRONG = {
  "no dataset": (dict(dataset=None), "--dataset"),
  "a misspelt flag": (dict(outt="x"), "outt"),
  "an unknown dataset": (dict(dataset="avva"), "ava, flickr_aes"),
  "no such folder": (dict(source="/nowhere/AVA"), "/nowhere/AVA"),
  "nowhere to write": (dict(out=None), "--out=DIR"),
  "an unknown option": (dict(option="sede=1"), "seed"),
  "a word for a number": (dict(option="seed=x"), "seed"),
  "a negative size": (dict(shorter_side=-1), "shorter_side"),
}


@pytest.mark.parametrize("wrong, told", WRONG.values(), ids=WRONG)
def test_wrong_input_is_one_line_and_exit_code_2(tmp_path, monkeypatch, capsys, wrong, told):
  right = dict(dataset="table", source=write_table(tmp_path), out=tmp_path / "out", workers=1)
  given = {name: value for name, value in (right | wrong).items() if value is not None}
  monkeypatch.setattr(sys, "argv", ["prepare_data", *as_flags(**given)])
  with flagsaver.flagsaver(), pytest.raises(SystemExit) as ended:
    cli_errors.run(prepare_data.main)
  printed = capsys.readouterr()
  assert ended.value.code == 2 and printed.out == ""
  assert printed.err.startswith("error: ") and told in printed.err
  assert printed.err.count("\n") == 1 and not (tmp_path / "out").exists()


def test_interrupted_at_the_keyboard_it_ends_and_keeps_what_is_done(tmp_path, child_env):
  given = as_flags(dataset="table", source=write_table(tmp_path, 1500), out=tmp_path / "out")
  command = [
    sys.executable,
    "-m",
    "launch.prepare_data",
    *given,
    "--workers=2",
    "--shorter_side=10",
  ]
  quiet = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
  with subprocess.Popen(command, cwd=ROOT, env=child_env, start_new_session=True, **quiet) as child:
    while not list(tmp_path.glob("out/*/shards/*/*.parquet")):
      assert child.poll() is None
      time.sleep(0.01)
    os.killpg(child.pid, signal.SIGINT)
    assert child.wait(60) != 0
  assert not (tmp_path / "out" / "table").exists()
  assert list(tmp_path.glob("out/*/shards/*/*.parquet"))
