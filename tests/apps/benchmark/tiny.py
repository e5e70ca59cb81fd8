"""Random predictions of every image, and how a file of them is read."""

import numpy as np
import polars as pl

from paiaa_jax.apps.benchmark import read_people, read_scores

SHOTS, SPLITS = (8, 20), 4
SETTINGS = dict(shots=SHOTS, num_splits=SPLITS, seed=0)


def read(place, frame, against=None, asked=(), num_splits=SPLITS):
  """(people, ours, theirs, shots) of a frame of predictions, by way of a file."""
  ours = place.folder / "ours.csv"
  frame.write_csv(ours)
  rated, _ = read_people.read(place.folder / "ratings.csv", "")
  position = read_people.positions(rated, num_splits=num_splits, seed=0)
  table = read_scores.read(ours)
  shots = read_scores.choose_shots(table, asked, ours)
  mine = read_scores.arrange(table, ours, rated, position, shots)
  theirs = None
  if against is not None:
    theirs = read_scores.arrange(read_scores.read(against), against, rated, position, shots)
  return rated, mine, theirs, shots


def noise(place, shots=SHOTS, num_splits=SPLITS):
  """Random scores of everything, with where each image was drawn."""
  rated, _ = read_people.read(place.folder / "ratings.csv", "")
  position = read_people.positions(rated, num_splits=num_splits, seed=0)
  frame = read_people.splits_table(rated, position)
  frame = pl.concat([frame.with_columns(k=pl.lit(k)) for k in shots])
  scores = np.random.default_rng(0).normal(size=len(frame)).round(1)
  return frame.with_columns(score=pl.Series(scores))


def held_out(frame):
  return frame.filter(pl.col("position") >= pl.col("k")).drop("position")
