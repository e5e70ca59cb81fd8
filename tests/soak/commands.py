"""The commands that are killed, and starved: each writes something in a folder of its own."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from array_record.python.array_record_module import ArrayRecordReader

from tests.photos.conftest import save_photo

ROOT = Path(__file__).parents[2]
PAIAA = [sys.executable, "-m", "tests.photos.tiny_model"]
COUNT = 60


class Place(NamedTuple):
  """Where one try happens: photographs that are only read, and a folder to write in."""

  photos: Path
  out: Path
  model: Path


def score(place):
  """Scores into a table."""
  return [*_paiaa(place, "score"), f"--output={place.out / 'scores.csv'}", "--batch-size=2"]


def stars(place):
  """Predicted stars into sidecars beside the photographs."""
  return [*_paiaa(place, "stars"), f"--profile={place.photos / 'me.json'}", "--write"]


def prepare(place):
  """Photographs and labels into records."""
  options = [f"--source={place.photos / 'labels.csv'}", f"--out={place.out}", "--name=mine"]
  command = [sys.executable, "-m", "launch.prepare_data", "--dataset=table", "--workers=1"]
  return [*command, "--option=test=0.25", *options]


def _paiaa(place, verb):
  own = [f"--model={place.model}", f"--cache={place.out / 'cache.sqlite'}"]
  return [*PAIAA, verb, str(place.photos), *own]


def make_place(folder, model, env):
  """Photographs, labels and a profile."""
  place = Place(folder / "photos", folder / "out", model)
  for path in (place.photos, place.out):
    path.mkdir(parents=True)
  random = np.random.default_rng(0)
  names = [save_photo(place.photos / f"{i:02d}.jpg", random, (400, 300)).name for i in range(COUNT)]
  labels = [f"{name},{i % 5 + 1}" for i, name in enumerate(names)]
  (place.photos / "labels.csv").write_text("\n".join(["path,score", *labels]))
  rated = [f"{name},{i % 5 + 1}" for i, name in enumerate(names[:12])]
  (place.photos / "rated.csv").write_text("\n".join(["path,rating", *rated]))
  command = [*PAIAA, "personalize", str(place.photos / "rated.csv"), f"--model={model}"]
  command += [f"--cache={folder / 'first.sqlite'}", f"--output={place.photos / 'me.json'}"]
  subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True)
  return place


def written(place):
  """What a whole run leaves: file -> content, without what may differ from run to run."""
  found = {}
  for folder in (place.out, place.photos):
    for path in sorted(folder.rglob("*")):
      if path.is_file() and path.suffix not in (".jpg", ".sqlite") and "sqlite" not in path.name:
        found[str(path.relative_to(folder.parent))] = _stable(path, folder.parent)
  return found


def originals(place):
  """photograph -> digest of its content."""
  return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in _photos(place)}


def _photos(place):
  return sorted(place.photos.glob("*.jpg"))


def _stable(path, root):
  if "array_record" in path.name:  # in a record the order of the features is any
    return [sorted(_features(record).items()) for record in ArrayRecordReader(str(path)).read_all()]
  if path.name == "manifest.json":  # paths of this try, and when it was made
    manifest = json.loads(path.read_text())
    return {key: manifest[key] for key in ("name", "images") if key in manifest}
  return hashlib.sha256(path.read_bytes().replace(str(root).encode(), b"")).hexdigest()


def _features(record):
  from tensorflow_datasets.proto import tf_example_pb2

  found = tf_example_pb2.Example.FromString(record).features.feature
  return {name: value.SerializeToString() for name, value in found.items()}
