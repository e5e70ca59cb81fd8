"""docs/train.md's way from a table to a trained network: its commands, cut short, on a tiny one."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.photos.conftest import save_photo

ROOT = Path(__file__).parents[2]
# Each program of the page, in a process that knows the backbone "tiny".
PAIAA = "import tests.training.tiny; from paiaa_jax.cli import main; main()"
VERB = (
  "import runpy, sys; import tests.training.tiny; sys.argv = sys.argv[1:];"
  "runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)"
)
TINY = """--config.model.backbone=tiny --config.model.pretrained=none --config.model.pooling=gap
--config.data.image_size=16 --config.data.resize=18 --config.optim.steps=4
--config.optim.batch_size=4 --config.train.eval_every=2"""


def commands():
  page = (ROOT / "docs" / "train.md").read_text(encoding="utf-8")
  _, section = page.split("## The whole network")
  return re.search(r"```sh\n(.*?)```", section, re.DOTALL)[1].splitlines()


def test_a_table_becomes_a_network_that_scores(tmp_path, child_env):
  (tmp_path / "photos").mkdir()
  random, rows = np.random.default_rng(0), ["path,score"]
  for i in range(24):
    save_photo(tmp_path / "photos" / f"{i:02d}.jpg", random)
    rows.append(f"{i:02d}.jpg,{1 + i % 5}")
  (tmp_path / "scores.csv").write_text("\n".join(rows))
  env = child_env | {"PYTHONPATH": str(ROOT), "PAIAA_CACHE": str(tmp_path / "cache.sqlite")}

  def run(command):
    words = shlex.split(command)
    program = [PAIAA, *words[1:]] if words[0] == "paiaa" else [VERB, *words[2:]]
    done = subprocess.run(
      [sys.executable, "-c", *program, *(TINY.split() if "launch.train" in words else [])],
      cwd=tmp_path,
      env=env,
      check=False,
      capture_output=True,
      text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done

  prepare, train, evaluate, score = commands()
  run(prepare)
  assert "model written to runs/mine/model" in run(train).stderr
  assert "table_test" in run(evaluate).stdout
  run(score)
  lines = (tmp_path / "scored.csv").read_text().splitlines()
  assert len(lines) == 25 and lines[0].startswith("path,aesthetic_score")
