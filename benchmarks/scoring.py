"""Photographs a second against PyTorch and onnxruntime; a new person's scores from the cache.

    python -m benchmarks.scoring [--photos=DIR]

One loop reads, decodes and caches for all contenders, so that they differ in the network alone;
they take turns in one run. The model is EfficientNet-Lite0 at 224 pixels with the ImageNet weights
of the installed package, torch's too; the ONNX program is what `paiaa export` writes of it. A peer
that is not installed is left out.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import jax
import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_images

from benchmarks import ratios
from paiaa_jax.models import vector
from paiaa_jax.models.network import Network
from paiaa_jax.models.weights import model_folder, pretrained
from paiaa_jax.personalization.learn import learn_profile
from paiaa_jax.photos import export, personal, score
from paiaa_jax.photos.cache import KEY, Rows
from paiaa_jax.types import TRAITS

SIZE, BUCKETS, BATCH = 224, 10, 32
PHOTO = (1280, 853)  # pixels
OURS = "paiaa"
ROWS = 1_000_000
COORDINATES, RATED = 256, 100


def save_model(folder: Path) -> model_folder.ModelFolder:
  """Real ImageNet weights under heads drawn at random."""
  name = "efficientnet_lite0"
  image = np.zeros((1, SIZE, SIZE, 3), np.uint8)
  variables = jax.jit(Network(name, BUCKETS, TRAITS).init)(jax.random.key(0), image)
  weights = pretrained.load(name, pretrained.packaged_path(name))
  for collection in ("params", "batch_stats"):
    variables[collection]["backbone"] = weights[collection]
  config = {
    "network": {"backbone": name, "num_buckets": BUCKETS, "aux_names": TRAITS},
    "preprocessing": {"image_size": SIZE},
    "scale": list(range(1, BUCKETS + 1)),
    "aux_names": list(TRAITS),
    "tasks": "joint",
  }
  pretrained.save_model(folder, jax.tree.map(np.asarray, variables), config)
  return model_folder.read(folder)


def save_photos(folder: Path, count: int) -> None:
  """Crops of two real photographs, as JPEGs of the size a web album has."""
  random = np.random.default_rng(0)
  sources = [Image.fromarray(image) for image in load_sample_images().images]
  for i in range(count):
    source = sources[i % len(sources)]
    left, top = random.integers(0, 200, 2)
    crop = source.crop((left, top, left + 400, top + 227)).resize(PHOTO)
    crop.save(folder / f"{i:04d}.jpg", quality=90)


def torch_networks(compiled: bool) -> dict[str, score.Predict]:
  """The same backbone in torch, at its best; none where torch is not to be had."""
  try:
    from benchmarks import torch_scoring
  except ImportError:
    return {}
  weights = pretrained.torch_files.read(pretrained.packaged_path("efficientnet_lite0"))
  networks = torch_scoring.networks(weights, compiled)
  width = BUCKETS + len(TRAITS)
  return {
    name: lambda pixels, network=network: score.without_coordinates(network(pixels)[:, :width])
    for name, network in networks.items()
  }


def onnx_networks(model: model_folder.ModelFolder, path: Path) -> dict[str, score.Predict]:
  """The exported program in onnxruntime, with idle threads that spin (its default) and not."""
  try:
    export.export(model, "onnx", path)
    import onnxruntime
  except ImportError:
    return {}

  def predict(spinning: str) -> score.Predict:
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", spinning)
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda pixels: score.without_coordinates(
      vector.pack(*session.run(None, {"image": pixels}))
    )

  return {"onnxruntime": predict("1"), "onnxruntime without spinning": predict("0")}


def take_turns(
  runs: Mapping[str, Callable[[], object]], rounds: int
) -> dict[str, tuple[float, float]]:
  """Median seconds of each run, by the clock and of processor time."""
  times = {name: [] for name in runs}
  for turn in range(rounds + 1):
    for name, run in runs.items():
      clock, processor = time.perf_counter(), time.process_time()
      run()
      if turn:  # the first one compiles and warms up
        times[name].append((time.perf_counter() - clock, time.process_time() - processor))
  return {
    name: tuple(statistics.median(column) for column in zip(*pairs, strict=True))
    for name, pairs in times.items()
  }


def throughput(
  model: model_folder.ModelFolder, photos: Path, peers: Mapping[str, score.Predict], rounds: int
) -> list[ratios.Ratio]:
  """Photographs a second of each contender, end to end and in the network alone; printed too."""
  paths = sorted(photos.iterdir())
  contenders = {OURS: score.network_of(model, BATCH), **peers}

  def end_to_end(predict: score.Predict) -> None:
    with score.open_cache(":memory:", model) as cache:
      scored = list(score.score_photos(paths, predict, cache, image_size=SIZE, batch_size=BATCH))
    assert len(scored) == len(paths) and not any(photo.error for photo in scored)

  pixels = np.random.default_rng(0).integers(0, 256, (BATCH, SIZE, SIZE, 3), np.uint8)
  print(f"{len(paths)} JPEGs of {PHOTO[0]} x {PHOTO[1]}; {ratios.machine()}")
  print(f"{'contender':48}{'photos/s':>10}{'ms of CPU a photo':>20}")
  found = []
  works = (("files to rows", end_to_end, len(paths)), ("network", lambda of: of(pixels), BATCH))
  for work, run, count in works:
    runs = {name: partial(run, predict) for name, predict in contenders.items()}
    times = {name: np.divide(pair, count) for name, pair in take_turns(runs, rounds).items()}
    for name, (clock, processor) in times.items():
      print(f"{work + ': ' + name:48}{1 / clock:>10.1f}{1e3 * processor:>20.1f}")
    ours = times.pop(OURS)
    for name, theirs in times.items():
      what = f"a photograph, {work}, {SIZE} px"
      found.append(ratios.Ratio(what, name, 1e3 * ours[0], *(theirs / ours).tolist()))
  return found


def rescoring(model: model_folder.ModelFolder, path: Path, rounds: int) -> None:
  """Prints a new person's seconds from closed cache to a million scores, beside a plain copy."""
  width, random = BUCKETS + len(TRAITS), np.random.default_rng(0)
  with score.open_cache(path, model) as cache:
    keys: np.ndarray = np.zeros(ROWS, KEY)
    keys["digest"] = random.integers(0, 2**64, (ROWS, 2), np.uint64)
    vectors = random.random((ROWS, width), np.float32)
    for start in range(0, ROWS, 65_536):
      part = slice(start, start + 65_536)
      cache.add(Rows(keys[part], *score.without_coordinates(vectors[part])))
  coordinates = random.normal(size=(ROWS, COORDINATES)).astype(np.float16)
  library = personal.photographs_of(vectors, coordinates, model)
  rated = library.take(slice(RATED))
  taste = learn_profile(
    rated,
    random.uniform(1, 5, RATED),
    model_id=model.model_id,
    aux_names=TRAITS,
    scale=(model.score_values[0], model.score_values[-1]),
  )

  def open_and_score() -> None:
    with score.open_cache(path, model) as cache:
      rows = cache.rows()
    taste.score(personal.photographs_of(rows.vectors, coordinates, model))

  runs = {
    "open the cache, a million scores": open_and_score,
    "the scores alone": lambda: taste.score(library),
    "read the same bytes (sum)": lambda: vectors.sum(),
    "copy the same bytes": lambda: vectors.copy(),
  }
  print(f"\n{ROWS} photographs, {vectors.nbytes / 1e6:.0f} MB of vectors; {ratios.machine()}")
  for name, (clock, processor) in take_turns(runs, rounds).items():
    speed = vectors.nbytes / processor / 1e9
    print(f"{name:36}{1e3 * clock:>8.1f} ms{1e3 * processor:>8.1f} ms of CPU{speed:>8.2f} GB/s")


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument("--photos", type=Path, help="JPEGs; by default crops of real ones")
  parser.add_argument("--count", type=int, default=128, help="of the default photographs")
  parser.add_argument("--compile", action="store_true", help="torch.compile too: minutes")
  parser.add_argument("--rounds", type=int, default=5)
  flags = parser.parse_args()
  with tempfile.TemporaryDirectory() as folder:
    model = save_model(Path(folder) / "model")
    photos = flags.photos or Path(folder) / "photos"
    if not flags.photos:
      photos.mkdir()
      save_photos(photos, flags.count)
    peers = {**torch_networks(flags.compile), **onnx_networks(model, Path(folder) / "model.onnx")}
    ratios.save("scoring", throughput(model, photos, peers, flags.rounds))
    rescoring(model, Path(folder) / "cache.sqlite", flags.rounds)


if __name__ == "__main__":
  main()
