"""What a solver said of every held-out photograph, in the columns that launch.benchmark reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from paiaa_jax.apps import users_table
from paiaa_jax.personalization import splits


def of_held_out(
  people: users_table.People,
  scores: np.ndarray,
  *,
  shots: Sequence[int],
  num_splits: int,
  seed: int,
) -> pl.DataFrame:
  """Scores [shots, u, n, s] -> user, image, split, k, score, a row for each held-out image."""
  position = splits.draw_splits(
    people.valid, people.user_ids, people.image_ids, num_splits=num_splits, seed=seed
  ).position
  held_out = np.stack([people.valid[..., None] & (position >= k) for k in shots])
  i, user, image, split = np.nonzero(held_out)
  return pl.DataFrame(
    {
      "user": people.user_ids[user],
      "image": people.image_ids[user, image],
      "split": split,
      "k": np.asarray(shots)[i],
      "score": scores[held_out],
    }
  )
