"""People who rated photographs, on disk and as our own protocol takes them."""

import types

import numpy as np
import polars as pl
import pytest

from paiaa_jax.apps import personalize_users, users_table
from tests.personalization.crowd import simulate


@pytest.fixture
def place(tmp_path):
  """Ratings on disk by four people, one of whom rated nine images, and what is predicted."""
  crowd = simulate(users=4, images=40, fewest=40)
  crowd.valid[3, 9:] = False
  user, image = np.nonzero(crowd.valid)
  ratings = pl.DataFrame(
    {
      "user": [f"user{u}" for u in user],
      "path": [f"{u}/{i}.jpg" for u, i in zip(user, image, strict=True)],
      "score": crowd.ratings[crowd.valid],
    }
  )
  generic = ratings.select("path", aesthetic_score=pl.Series(crowd.generic[crowd.valid]))
  traits = {f"trait{i}": crowd.outputs[crowd.valid][:, i] for i in range(5)}
  scored = generic.with_columns(**{name: pl.Series(trait) for name, trait in traits.items()})
  joined = users_table.join(scored, ratings)
  ratings.write_csv(tmp_path / "ratings.csv")
  generic.rename({"aesthetic_score": "score"}).write_csv(tmp_path / "generic.csv")
  inputs = personalize_users.Inputs(joined, None, "ratings")
  return types.SimpleNamespace(folder=tmp_path, inputs=inputs, ratings=ratings)
