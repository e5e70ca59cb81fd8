"""Random predictions of every image, and how a file of them is read."""

import numpy as np
import polars as pl

from paiaa_jax.apps.benchmark import read_people, read_scores
from paiaa_jax.personalization.splits import Protocol, draw_splits

SHOTS, SPLITS = (8, 20), 4
PROTOCOL = Protocol(SHOTS, SPLITS, seed=0)


def read(place, frame, against=None, asked=(), num_splits=SPLITS):
  """(users, splits, ours, theirs) of a frame of predictions, by way of a file."""
  ours = place.folder / "ours.csv"
  frame.write_csv(ours)
  users, _ = read_people.read(place.folder / "ratings.csv", "")
  table = read_scores.read(ours)
  shots = read_scores.choose_shots(table, asked, ours)
  splits = draw_splits(users, Protocol(shots, num_splits))
  mine = read_scores.arrange(table, ours, users, splits)
  theirs = None
  if against is not None:
    theirs = read_scores.arrange(read_scores.read(against), against, users, splits)
  return users, splits, mine, theirs


def noise(place, shots=SHOTS, num_splits=SPLITS):
  """Random scores of everything, with where each image was drawn."""
  users, _ = read_people.read(place.folder / "ratings.csv", "")
  frame = read_people.splits_table(users, draw_splits(users, Protocol(shots, num_splits)))
  frame = pl.concat([frame.with_columns(k=pl.lit(k)) for k in shots])
  scores = np.random.default_rng(0).normal(size=len(frame)).round(1)
  return frame.with_columns(score=pl.Series(scores))


def held_out(frame):
  return frame.filter(pl.col("position") >= pl.col("k")).drop("position")
