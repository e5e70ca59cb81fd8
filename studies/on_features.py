"""Personal scores from anybody's vectors of photographs and a table of ratings.

No network of ours is needed: the generic score is a ridge regression of the training users' mean
ratings on the vectors, and the auxiliary outputs are their first principal components. Neither
reads test users' ratings, nor training users' ratings of test photographs.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from sklearn.decomposition import PCA
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold, cross_val_predict

from paiaa_jax.apps import users_table
from paiaa_jax.data.vectors import Vectors
from paiaa_jax.errors import UserError
from paiaa_jax.personalization import evaluation, solvers
from paiaa_jax.personalization.splits import Splits
from studies.baselines import run
from studies.baselines.inputs import Baseline
from studies.baselines.read import COMPONENTS, Inputs, fit_length, fit_scaling

OUTPUTS = 5  # components that take the place of the traits
PENALTIES = 10.0 ** np.arange(-4, 3.1, 0.5)
FOLDS = 5  # of training photographs, so that no generic score has seen its own


def learn(ratings: pl.DataFrame, vectors: Vectors, database: str) -> Inputs:
  """Users with generic scores, outputs and coordinates that come from the vectors.

  Args:
    ratings: `user, path, score, split` (train or test, of the user).
    vectors: of every rated photograph.
    database: its name.

  Raises:
    UserError: no ratings by training users of photographs that no test user rated, fewer of those
      than FOLDS, or a photograph without a vector.
  """
  test = ratings.filter(pl.col("split") == "test")
  train = ratings.filter(pl.col("split") == "train").join(test, "path", how="anti")
  means = train.group_by("path").agg(pl.col("score").mean()).sort("path")
  if len(means) < FOLDS:
    raise UserError(
      f"the generic score is learnt from training users' ratings of photographs that no test user "
      f"rated; there are {len(means)} such photographs (a column split says who trains)."
    )
  shown = test.select(pl.col("path").unique().sort())
  known, asked = (vectors.of(table["path"].to_list()) for table in (means, shown))
  scale = fit_scaling(known)
  known, asked = scale(known), scale(asked)
  pca = PCA(min(COMPONENTS, *known.shape), svd_solver="randomized", random_state=0).fit(known)
  rotate = fit_length(pca.transform(known))
  places = [rotate(pca.transform(rows)) for rows in (known, asked)]
  target = means["score"].to_numpy()
  # a row of features has mean squared length 1, so strengths are in one unit whatever the model
  ridge = RidgeCV(PENALTIES)
  folds = KFold(FOLDS, shuffle=True, random_state=0)
  held_out = cross_val_predict(ridge, known, target, cv=folds)
  generic = ridge.fit(known, target).predict(asked)
  others = _users(means, held_out, places[0], train)
  rated = _users(shown, generic, places[1], test)
  return Inputs(rated, asked, others.users, database, digest=vectors.file.name)


def _users(
  images: pl.DataFrame, generic: np.ndarray, places: np.ndarray, ratings: pl.DataFrame
) -> users_table.Rated:
  outputs = places[:, :OUTPUTS] / places[:, :OUTPUTS].std(axis=0)
  named = {f"component_{i + 1}": column for i, column in enumerate(outputs.T)}
  table = images.select("path").with_columns(aesthetic_score=pl.Series(generic), **named)
  return users_table.join(table, ratings.select("user", "path", "score"), coordinates=places)


def predict(inputs: Inputs, name: str, splits: Splits) -> np.ndarray:
  """Scores [shots, u, n, s] of a solver or of a baseline, by its name.

  Raises:
    UserError: an unknown name.
  """
  users = inputs.rated.users
  if name in solvers.SOLVERS:
    solver = solvers.named(name)
    state = solver.init(inputs.others)
    return np.asarray(evaluation.predict(solver, users, splits, state).scores)
  if name not in run.BASELINES:
    both = ", ".join([*solvers.SOLVERS, *run.BASELINES])
    raise UserError(f"unknown solver {name!r}; one of {both}.")
  baseline: Baseline = run.learn(name, inputs)
  return run.predict(baseline, inputs, splits)


def generic_scores(inputs: Inputs, splits: Splits) -> np.ndarray:
  """[shots, u, n, s]: the same for everybody and after any ratings."""
  shape = (len(splits.shots), *splits.position.shape)
  return np.broadcast_to(inputs.rated.users.generic[None, ..., None], shape)
