"""docs/photos.md as a new user walks it: its commands, exactly, in its order; its Python."""

import csv
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests import children
from tests.photos.conftest import save_photo
from tests.photos.tiny_model import save_tiny_model

ROOT = Path(__file__).parents[2]


def commands():
  page = (ROOT / "docs" / "photos.md").read_text(encoding="utf-8")
  return re.search(r"```sh\n(.*?)```", page, re.DOTALL)[1].splitlines()


def run(command, folder, env):
  words = shlex.split(command)
  assert words[0] == "paiaa"
  done = children.run("tests.photos.tiny_model", *words[1:], cwd=folder, env=env)
  assert done.returncode == 0, done.stderr
  return done


def read(table):
  return list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))


def rate(table, openness):
  """What the user does: stars for each suggested photograph; this one likes openness."""
  rows = read(table)
  places = np.argsort(np.argsort([openness[row["path"]] for row in rows]))
  with table.open("w", newline="") as file:
    writer = csv.DictWriter(file, ["path", "rating"])
    writer.writeheader()
    for row, place in zip(rows, places, strict=True):
      writer.writerow({**row, "rating": 1 + 5 * place // len(rows)})


def save_model(kind, folder):
  """A tiny model, or that of `make quickstart` where it has been run."""
  if kind == "tiny":
    save_tiny_model(folder)
    return
  trained = ROOT / "runs" / "quickstart" / "model"
  if not (trained / "model.safetensors").exists():
    pytest.skip("no runs/quickstart/model: `make quickstart` has not been run here")
  shutil.copytree(trained, folder)


def test_the_lines_of_python_run(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  random = np.random.default_rng(0)
  for name in ("a.jpg", "b.jpg", "c.jpg"):
    save_photo(tmp_path / name, random)
  monkeypatch.setenv("PAIAA_MODEL", str(save_tiny_model(tmp_path / "model")))
  page = (ROOT / "docs" / "photos.md").read_text(encoding="utf-8")
  names = {"paths": ["a.jpg", "b.jpg", "c.jpg"], "ratings": [1, 3, 5]}
  exec(re.search(r"```python\n(.*?)```", page, re.DOTALL)[1], names)
  assert names["predictions"].personal(names["profile"]).shape == (2,)


@pytest.mark.parametrize("kind", ["tiny", "quickstart"])
def test_four_commands_from_a_folder_to_a_personal_top_ten(kind, tmp_path, child_env):
  (tmp_path / "photos").mkdir()
  random = np.random.default_rng(0)
  for i in range(60):
    save_photo(tmp_path / "photos" / f"{i:02d}.jpg", random)
  save_model(kind, tmp_path / "model")
  env = child_env | {"PAIAA_CACHE": str(tmp_path / "cache.sqlite"), "PYTHONPATH": str(ROOT)}
  env |= {"PAIAA_MODEL": str(tmp_path / "model")}

  score, suggest, personalize, rank = commands()
  run(score, tmp_path, env)
  openness = {row["path"]: float(row["openness"]) for row in read(tmp_path / "scores.csv")}
  run(suggest, tmp_path, env)
  rate(tmp_path / "ratings.csv", openness)
  told = run(personalize, tmp_path, env)
  assert told.stderr.startswith("20 ratings: ")
  ranked = run(rank, tmp_path, env)

  top = list(csv.DictReader(ranked.stdout.splitlines()))
  scores = [float(row["personal_score"]) for row in top]
  assert len(top) == 10 and scores == sorted(scores, reverse=True)
  assert np.mean([openness[row["path"]] for row in top]) > np.mean(list(openness.values()))
  assert float(top[0]["percentile"]) == 100 and top[0]["model_id"]
  assert all((tmp_path / row["path"]).exists() for row in top)
