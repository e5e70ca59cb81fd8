"""Photographs, test people and a crowd whose tastes are a few planted factors of the features."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from paiaa_jax.apps import users_table
from paiaa_jax.personalization.splits import Protocol, draw_splits
from studies.baselines import read
from studies.baselines.inputs import Photos, Shots, take_shots

DATABASE = "flickr_aes"


class Split(NamedTuple):
  """What is predicted of n photographs: generic [n], outputs [n, k], features [n, f]."""

  names: list[str]
  generic: np.ndarray
  outputs: np.ndarray
  features: np.ndarray

  @property
  def seen(self) -> read.Seen:
    return read.Seen(self.outputs, self.features)


class World(NamedTuple):
  """Predictions of the test and training photographs, all ratings, and test users' own truth.

  truth: [users, images] what each thinks of each photograph, without noise.
  """

  test: Split
  train: Split
  ratings: pl.DataFrame
  truth: np.ndarray


def draw(
  *, users=6, images=40, members=30, features=12, factors=2, traits=3, noise=0.3, seed=0
) -> World:
  """Each of `users` rated 3/4 of the test images or more; the crowd as many of as many others."""
  rng = np.random.default_rng(seed)
  test, train = (_photographs(rng, images, features, traits, name) for name in ("test", "train"))
  taste = rng.normal(0, 0.4, (factors, features))

  def rate(seen, people, prefix):
    own = rng.normal(size=(people, factors)) @ taste
    truth = seen.generic + own @ seen.features.T / np.sqrt(factors)
    rated = rng.random((people, images)) < rng.uniform(0.75, 1, (people, 1))
    user, image = np.nonzero(rated)
    score = np.clip(truth + rng.normal(0, noise, truth.shape), 1, 5)[user, image]
    names = {"user": [f"{prefix}{i}" for i in user], "path": [seen.names[i] for i in image]}
    return truth, pl.DataFrame({**names, "score": score, "split": prefix})

  truth, ratings = rate(test, users, "test")
  _, others = rate(train, members, "train")
  return World(test, train, pl.concat([ratings, others]), truth)


def simulate(**settings) -> read.Inputs:
  """What baselines get of `draw`."""
  world = draw(**settings)
  ratings = dict(world.ratings.partition_by("split", as_dict=True).items())
  rated = users_table.join(frame(world.test), ratings[("test",)])
  others = users_table.join(frame(world.train), ratings[("train",)]).users
  return read.join(rated, world.test.seen, (world.train.seen, others), DATABASE)


def shown(k: int, *, num_splits: int, seed: int = 0) -> tuple[read.Inputs, Photos, Shots]:
  """What `simulate` gives, and the k shots of each split."""
  inputs = simulate()
  users = inputs.rated.users
  _, shots = take_shots(users, draw_splits(users, Protocol((k,), num_splits, seed)), k)
  return inputs, Photos(users.images, inputs.features), shots


def write(folder: Path, **settings) -> tuple[Path, Path, World]:
  """(workdir, prepared folder, world): as launch.evaluate --features and prepare_data write it."""
  world = draw(**settings)
  workdir, prepared = folder / "run", folder / DATABASE
  (workdir / "predictions").mkdir(parents=True)
  prepared.mkdir()
  for split, seen in (("test", world.test), ("train", world.train)):
    stem = workdir / "predictions" / f"{DATABASE}_{split}"
    frame(seen).write_parquet(stem.with_suffix(".parquet"))
    np.save(f"{stem}_features.npy", seen.features)
  manifest = {"name": DATABASE, "scale": [1, 2, 3, 4, 5]}
  (prepared / "manifest.json").write_text(json.dumps(manifest))
  world.ratings.write_parquet(prepared / "ratings.parquet")
  return workdir, prepared, world


def frame(seen: Split) -> pl.DataFrame:
  """A table of predictions."""
  traits = {f"trait{i}": seen.outputs[:, i] for i in range(seen.outputs.shape[1])}
  return pl.DataFrame({"path": seen.names, "aesthetic_score": seen.generic, **traits})


def _photographs(rng, images, features, traits, prefix) -> Split:
  names = [f"{prefix}{i:03}.jpg" for i in range(images)]
  x = rng.normal(size=(images, features)).astype(np.float32)
  generic = (3 + 0.5 * x[:, 0]).astype(np.float32)
  return Split(names, generic, rng.normal(size=(images, traits)).astype(np.float32), x)
