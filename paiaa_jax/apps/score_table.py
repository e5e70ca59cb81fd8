"""What a solver said of every held-out photograph, in the columns that launch.benchmark reads."""

from __future__ import annotations

import numpy as np
import polars as pl

from paiaa_jax.personalization.splits import Splits
from paiaa_jax.personalization.users import Users
from paiaa_jax.types import Array


def of_held_out(users: Users, splits: Splits, scores: Array) -> pl.DataFrame:
  """Scores [shots, u, n, s] -> user, path, split, k, score, a row for each held-out image."""
  shots = splits.shots
  held_out = np.stack([splits.held_out(k) for k in shots])
  i, user, column, split = np.nonzero(held_out)
  return pl.DataFrame(
    {
      "user": users.user_ids[user],
      "path": users.image_ids[users.row[user, column]],
      "split": split,
      "k": np.asarray(shots)[i],
      "score": scores[held_out],
    }
  )
