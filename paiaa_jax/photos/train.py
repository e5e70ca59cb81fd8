"""Photographs and scores -> a model folder: features of a frozen backbone, heads in closed form."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from paiaa_jax.data.images import PREPROCESSING
from paiaa_jax.errors import UserError
from paiaa_jax.models import frozen_network
from paiaa_jax.models.frozen_network import FrozenNetwork
from paiaa_jax.models.weights import model_folder, pretrained
from paiaa_jax.photos import score, training_card, training_figures, training_table
from paiaa_jax.photos.cache import Cache
from paiaa_jax.photos.library import with_progress
from paiaa_jax.photos.names import counted, printable
from paiaa_jax.photos.score import Photo
from paiaa_jax.photos.training_table import Labels

BACKBONE = "efficientnet_lite0"
SIZE, FAST_SIZE = 448, 224  # pixels, side of the network's input
FEWEST, ENOUGH, MOST = 20, 200, 5000  # photographs; the closed form takes the cube of their number
BAD_SHARE = 0.1  # of the photographs; where more cannot be read, the table is likely wrong
BATCH = 8  # photographs whose features are kept at once
CARD = "README.md"

Say = Callable[[str], None]


class Asked(NamedTuple):
  """What to train on: the arguments of training_table.read, and whether 224 pixels are enough."""

  table: Path
  scale: tuple[float, float] | None = None
  outputs: tuple[str, ...] = ()
  photos: Path | None = None
  fast: bool = False


def train(asked: Asked, out: Path, say: Say) -> None:
  """Writes a model folder with its card; features are kept beside it, so a stop costs little.

  Args:
    asked: see Asked.
    out: the folder.
    say: is told one line after another.

  Raises:
    UserError: a table that does not do, too few photographs, too many that cannot be read, or
      scores that are all equal.
  """
  check_out(out)
  labels = training_table.read(asked.table, asked.scale, asked.outputs, asked.photos)
  for note in labels.notes:
    say(note)
  check_labels(labels, len(labels.names))  # before the long work
  network = network_of(labels, asked.fast)
  size = FAST_SIZE if asked.fast else SIZE
  labels, photos = readable(labels, network, size, features_file(out), say)
  features = np.stack([photo.vector for photo in photos if photo.vector is not None])
  contents = np.array([str(photo.key["digest"]) for photo in photos if photo.key is not None])
  count = len(np.unique(contents))
  check_labels(labels, count)
  if count < len(contents):
    copies = len(contents) - count
    noun = "photograph is a copy" if copies == 1 else "photographs are copies"
    say(f"{copies} {noun} of others, byte for byte")
  if count < ENOUGH:
    say(f"{count} photographs are few; {ENOUGH} or more are recommended")
  figures = measure(features, labels, contents)
  for line in training_card.lines(figures):
    say(line)
  heads = training_figures.fit(features, labels.shares, labels.aux)
  config = frozen_network.config(network, size, PREPROCESSING, labels.scale, labels.aux_names)
  config |= training_card.told(labels, figures, printable(asked.table.name))
  pretrained.save_model(out, {"heads": heads}, config)
  training_card.write(out / CARD, config, model_folder.model_id(out))


def check_out(out: Path) -> None:
  """Refuses, before any work, a place that holds anything but a model."""
  ours = {model_folder.WEIGHTS, model_folder.CONFIG, CARD}
  if out.exists() and not out.is_dir():
    raise UserError(f"{out} is a file; a model is a folder.")
  if out.is_dir() and {file.name for file in out.iterdir()} - ours:
    raise UserError(f"{out} holds other files than a model's; name a new folder.")


def features_file(out: Path) -> Path:
  """Where features are kept: beside the model folder, as it is to hold a model alone."""
  out = out.absolute()
  return out.with_name(f"{out.name}.features.sqlite")


def network_of(labels: Labels, fast: bool) -> FrozenNetwork:
  """Two sizes, or with `fast` one."""
  shrinks = (1,) if fast else (2, 1)
  return frozen_network.on_packaged(BACKBONE, len(labels.scale), shrinks=shrinks)


def readable(
  labels: Labels, network: FrozenNetwork, size: int, kept: Path, say: Say
) -> tuple[Labels, list[Photo]]:
  """The photographs that can be read, their vectors being features; the others are named."""
  there = [os.path.exists(path) for path in labels.paths]
  bad = [
    f"{printable(path)}: no such file" for path, is_there in zip(labels.paths, there, strict=True)
    if not is_there
  ]  # fmt: skip
  _refuse_many(bad, len(there))
  found = labels.only(np.flatnonzero(there).tolist())
  photos = extract(found.paths, network, size, kept)
  bad += [f"{printable(photo.path)}: {photo.error}" for photo in photos if photo.error]
  for line in bad:
    say(line)
  _refuse_many(bad, len(there))
  if bad:
    are = "is" if len(bad) == 1 else "are"
    say(f"{len(bad)} of {counted(len(there), 'photograph')} cannot be read and {are} left out")
  good = [i for i, photo in enumerate(photos) if not photo.error]
  return found.only(good), [photos[i] for i in good]


def extract(paths: list[Path], network: FrozenNetwork, size: int, kept: Path) -> list[Photo]:
  """Photos whose vectors are features [d], or with an error; those in the file `kept` are known."""
  extractors = []

  def features(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if not extractors:  # weights are read where something is new
      extractors.append(frozen_network.extractor(network))
    return score.without_coordinates(extractors[0](pixels))

  fields = (network.weights_sha256, network.pooling, network.shrinks, size, PREPROCESSING)
  name, width = "/".join(map(str, fields)), frozen_network.num_features(network, size)
  with Cache(kept, name, width) as cache:
    found = score.score_photos(paths, features, cache, image_size=size, batch_size=BATCH)
    return list(with_progress(found, len(paths)))


def _refuse_many(bad: list[str], total: int) -> None:
  if len(bad) > BAD_SHARE * total:
    raise UserError(
      f"{len(bad)} of {counted(total, 'photograph')} cannot be read, such as {bad[0]}; they "
      "are sought beside the table, then here, or in --photos FOLDER."
    )


def check_labels(labels: Labels, count: int) -> None:
  """Refuses too few photographs, too many, and scores that are all equal; count: photographs."""
  if count < FEWEST:
    raise UserError(
      f"training needs at least {FEWEST} photographs, got {count}; {ENOUGH} or more are "
      "recommended."
    )
  if count > MOST:
    raise UserError(
      f"{count} photographs are more than the {MOST} that this closed form takes; give it fewer, "
      "or train a network with `python -m launch.train`."
    )
  means = labels.shares @ np.asarray(labels.scale)
  if np.ptp(means) < 1e-6 * (labels.scale[-1] - labels.scale[0]):
    raise UserError("every photograph has the same score; a model learns from their differences.")


def measure(features: np.ndarray, labels: Labels, contents: np.ndarray) -> dict:
  """Figures by photograph, and by folder or group where there are enough of them."""
  by_group = "folder" if labels.by_folder else "group"
  units = {"photograph": contents, by_group: np.asarray(labels.groups)}
  figures = {"deviation": round(float((labels.shares @ np.asarray(labels.scale)).std()), 3)}
  for what, unit in units.items():
    if len(np.unique(unit)) >= training_figures.FOLDS:
      figures[f"by_{what}"] = training_figures.measure(
        features, labels.shares, labels.scale, unit,
        lambda draws, number, what=what: with_progress(draws, number, f"folds by {what}"),
      )  # fmt: skip
  return figures
