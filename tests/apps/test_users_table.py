"""Tables to arrays and back, whatever order the rows come in."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from paiaa_jax.apps.users_table import join, output_names, user_frame
from paiaa_jax.errors import UserError
from paiaa_jax.models.weights.model_folder import ModelFolder
from paiaa_jax.photos import table
from paiaa_jax.photos.score import Photo

PREDICTIONS = pl.DataFrame(
  {
    "path": ["a", "b", "c"],
    "aesthetic_score": [3.0, 4.0, 2.0],
    "score_std": [0.1, 0.2, 0.3],
    "p1": [0.5, 0.5, 0.5],
    "p2": [0.5, 0.5, 0.5],
    "openness": [0.1, 0.2, 0.3],
    "neuroticism": [-0.1, -0.2, -0.3],
  }
)
RATINGS = pl.DataFrame(
  {
    "user": ["zoe", "ann", "zoe", "zoe", "ann"],
    "path": ["c", "b", "a", "b", "lost"],
    "score": [1, 5, 3, 4, 2],
  }
)


def test_each_rating_stands_beside_its_images_predictions():
  found = join(PREDICTIONS, RATINGS)
  users = found.users
  assert users.user_ids.tolist() == ["ann", "zoe"]
  assert found.output_names == ("openness", "neuroticism")
  assert found.unscored == 1
  np.testing.assert_array_equal(users.valid, [[True, False, False], [True, True, True]])
  assert users.image_ids[users.row[1]].tolist() == ["a", "b", "c"]
  assert users.image_ids[users.row[0, 0]] == "b"
  np.testing.assert_array_equal(users.ratings, [[5, 0, 0], [3, 4, 1]])
  np.testing.assert_array_equal(users.generic, [[4, 0, 0], [3, 4, 2]])
  np.testing.assert_allclose(users.outputs[1], [[0.1, -0.1], [0.2, -0.2], [0.3, -0.3]])
  assert not users.outputs[0, 1:].any()


def test_the_order_of_rows_does_not_matter():
  shuffled = join(
    PREDICTIONS.sample(fraction=1, shuffle=True, seed=1),
    RATINGS.sample(fraction=1, shuffle=True, seed=2),
  )
  ours, theirs = join(PREDICTIONS, RATINGS).users, shuffled.users
  for name in ("user_ids", "ratings", "generic", "outputs", "valid"):
    np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


def test_an_image_rated_twice_counts_once_with_its_mean():
  again = pl.concat([RATINGS, pl.DataFrame({"user": ["ann"], "path": ["b"], "score": [4]})])
  assert join(PREDICTIONS, again).users.ratings[0].tolist() == [4.5, 0, 0]


def test_any_number_column_of_no_other_meaning_is_an_auxiliary_output():
  renamed = PREDICTIONS.rename({"openness": "warmth", "p1": "p10"})
  assert output_names(renamed) == ("warmth", "neuroticism")


def test_rows_of_paiaa_score_hold_no_auxiliary_output_but_the_traits():
  model = ModelFolder(Path(), "m", 8, (1.0, 2.0), ("warmth",), {})
  rows = [table.to_row(Photo(Path("a.jpg"), np.array([0.25, 0.75, 0.1])), model)]
  frame = table.to_frame(rows, table.columns(model))
  assert output_names(frame) == ("warmth",)


def test_what_does_not_fit_is_refused_in_words():
  with pytest.raises(UserError, match="ratings lack column 'score'"):
    join(PREDICTIONS, RATINGS.drop("score"))
  with pytest.raises(UserError, match="image a more than once"):
    join(pl.concat([PREDICTIONS, PREDICTIONS[:1]]), RATINGS)
  with pytest.raises(UserError, match="no rated image has a prediction"):
    join(PREDICTIONS, RATINGS.filter(pl.col("path") == "lost"))


def test_a_row_for_each_solver_k_and_user():
  summaries = {
    solver: {"10": {"users": [{"user": "ann", "gain": None}, {"user": "zoe", "gain": 0.1}]}}
    for solver in ("ridge", "ols")
  }
  frame = user_frame(summaries)
  assert frame["solver"].to_list() == ["ridge", "ridge", "ols", "ols"]
  assert frame["gain"].to_list() == [None, 0.1, None, 0.1]
