"""Vectors of photographs in a file: our own give what we read ourselves, anybody's are enough."""

import numpy as np
import polars as pl
import pytest
from ml_collections import ConfigDict

from paiaa_jax import files
from paiaa_jax.apps import personalize_users
from paiaa_jax.data import vectors
from paiaa_jax.errors import UserError
from paiaa_jax.personalization.splits import Protocol, draw_splits
from studies import on_features
from studies.baselines import workdir as baselines
from tests import children
from tests.studies.baselines import planted

SETTINGS = ConfigDict(
  dict(
    shots=(8,),
    num_splits=2,
    seed=0,
    ratings="",
    name="",
    solvers=("taste",),
    scores=False,
    prior="training_users",
  )
)


@pytest.fixture
def run(tmp_path):
  """(workdir, prepared folder, world, our own features in one file of both splits)."""
  workdir, prepared, world = planted.write(tmp_path)
  for kind in (".parquet", "_features.npy"):  # taste asks other users
    predictions = workdir / "predictions" / f"flickr_aes_train{kind}"
    predictions.with_name(f"flickr_aes_out_of_fold{kind}").write_bytes(predictions.read_bytes())
  names = [*world.test.names, *world.train.names]
  rows = np.concatenate([world.test.features, world.train.features])
  order = np.random.default_rng(0).permutation(len(names))
  table = {"path": [names[i] for i in order], "vector": rows[order].astype(np.float32).tolist()}
  pl.DataFrame(table).write_parquet(tmp_path / "own.parquet")
  return workdir, prepared, world, tmp_path / "own.parquet"


def test_our_own_features_from_a_file_give_the_same_tables(run):
  workdir, prepared, _, file = run
  tables = []
  for given in (None, vectors.read(file)):
    personalize_users.run(workdir, prepared, SETTINGS, given)
    baselines.run(workdir, prepared, SETTINGS, ["own_svr", "own_ridge", "fpmf_features"], given)
    tables.append([files.read_json(workdir / f"{n}.json") for n in ("personalize", "baselines")])
    (workdir / "baselines.json").unlink()
  assert tables[0] == tables[1]


def test_other_features_change_what_reads_them(run):
  workdir, prepared, _, file = run
  table = pl.read_parquet(file)
  shuffled = table.with_columns(pl.col("vector").shuffle(seed=1))
  shuffled.write_parquet(file)
  learnt = []
  for given in (None, vectors.read(file)):
    personalize_users.run(workdir, prepared, SETTINGS, given)
    learnt.append(files.read_json(workdir / "personalize.json")["solvers"]["taste"]["8"]["users"])
  assert learnt[0] != learnt[1]


def test_vectors_and_ratings_alone_make_every_method_better_than_generic(run):
  _, _, world, file = run
  inputs = on_features.learn(world.ratings, vectors.read(file), "planted")
  users = inputs.rated.users
  splits = draw_splits(users, Protocol((20,), num_splits=2))
  held_out = splits.held_out(20)[..., 0]

  def agreement(scores):
    pairs = zip(scores[0, ..., 0], users.ratings, held_out, strict=True)
    return np.mean([np.corrcoef(own[h], rated[h])[0, 1] for own, rated, h in pairs])

  generic = agreement(on_features.generic_scores(inputs, splits))
  for name in ("empirical_bayes", "taste", "own_svr"):
    assert agreement(on_features.predict(inputs, name, splits)) > generic, name
  with pytest.raises(UserError, match="unknown solver 'magic'"):
    on_features.predict(inputs, "magic", splits)


def test_no_rating_of_a_test_photograph_reaches_the_generic_score(run):
  _, _, world, file = run
  given = vectors.read(file)
  first = on_features.learn(world.ratings, given, "planted").rated.users.images
  test = pl.col("split") == "test"
  changed = world.ratings.with_columns(
    score=pl.when(test).then(6 - pl.col("score")).otherwise("score")
  )
  peeking = world.ratings.filter(test).with_columns(user=pl.lit("other"), split=pl.lit("train"))
  again = on_features.learn(pl.concat([changed, peeking]), given, "planted").rated.users.images
  np.testing.assert_array_equal(first.generic, again.generic)
  with pytest.raises(UserError, match="there are 0 such photographs"):
    on_features.learn(world.ratings.filter(test), given, "planted")


def test_the_command_scores_vectors_by_the_protocol(run, child_env, tmp_path):
  _, _, world, file = run
  world.ratings.write_csv(tmp_path / "ratings.csv")
  command = ["launch.benchmark", f"--ratings={tmp_path / 'ratings.csv'}"]
  command += [f"--features={file}", "--solver=residual_svr_features", "--k=20"]
  command += ["--splits=2", "--name=SVR", f"--out={tmp_path / 'out'}"]
  done = children.run(*command, env=child_env)
  assert done.returncode == 0, done.stderr
  result = files.read_json(tmp_path / "out" / "result.json")
  assert (result["name"], result["against"]) == ("SVR", "ridge on own, before any rating")
  assert result["by_shots"]["20"]["gain"]["mean"] > 0
