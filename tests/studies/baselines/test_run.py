"""All baselines on one set of splits: nobody peeks, runs go on where they stopped."""

import dataclasses
import json

import numpy as np
import polars as pl
import pytest
from scipy import stats

from paiaa_jax.errors import UserError
from paiaa_jax.personalization.splits import Protocol, draw_splits
from studies import config_file
from studies.baselines import run, workdir
from tests import children
from tests.studies.baselines import planted

PROTOCOL = Protocol((8, 20), num_splits=2, seed=3)


@pytest.fixture(scope="module")
def inputs():
  return planted.simulate()


@pytest.fixture(scope="module")
def splits(inputs):
  return draw_splits(inputs.rated.users, PROTOCOL)


def with_users(inputs, **changed):
  users = dataclasses.replace(inputs.rated.users, **changed)
  return inputs._replace(rated=inputs.rated._replace(users=users))


@pytest.mark.parametrize("name", run.BASELINES)
def test_ratings_held_out_change_no_score_and_shots_do(name, inputs):
  users = inputs.rated.users
  splits = draw_splits(users, Protocol((8,), num_splits=1, seed=3))
  function = run.learn(name, inputs)
  scores = run.predict(function, inputs, splits)
  assert np.isfinite(scores).all()
  ratings = users.ratings.copy()
  random = np.random.default_rng(0)
  for own, held_out in zip(ratings, splits.held_out(8)[..., 0], strict=True):
    own[held_out] = random.permutation(own[held_out])
  other = with_users(inputs, ratings=ratings)
  np.testing.assert_array_equal(run.predict(function, other, splits), scores)
  shot = splits.image[:, 0, :1]
  moved = ratings.copy()
  np.put_along_axis(moved, shot, 6 - np.take_along_axis(ratings, shot, axis=1), axis=1)
  again = run.predict(function, with_users(inputs, ratings=moved), splits)
  assert np.abs(again - scores).max() > 1e-3


@pytest.mark.parametrize("name", ["residual_svr_traits", "pair_ranking"])
def test_an_srocc_is_scipys_on_the_images_held_out(name, inputs, splits):
  users = inputs.rated.users
  result = run.evaluate(inputs, [name], PROTOCOL)
  scores = run.predict(run.learn(name, inputs), inputs, splits)
  for i, k in enumerate(splits.shots):
    rows = result["solvers"][name][str(k)]["users"]
    held = splits.held_out(k)
    for u, row in enumerate(rows):
      each = []
      for s in range(2):
        held_out = held[u, :, s]
        pair = scores[i, u, held_out, s], users.ratings[u, held_out]
        each.append(stats.spearmanr(*pair).statistic)
      assert row["srcc_personal"] == pytest.approx(np.mean(each), abs=1e-5)


def test_planted_tastes_make_every_baseline_on_features_and_a_crowd_better_than_generic():
  inputs = planted.simulate(users=12, images=60, seed=1)
  names = ["residual_svr_features", "fpmf_features", "regression_ranking", "pair_ranking"]
  result = run.evaluate(inputs, names, Protocol((30,), num_splits=3))
  gains = {name: one["30"]["test"]["low"] for name, one in result["solvers"].items()}
  assert min(gains.values()) > 0.05, gains
  assert gains["fpmf_features"] == max(gains.values())  # it alone is told of two common factors


def test_users_with_too_few_ratings_keep_the_generic_score_and_are_left_out(inputs):
  users = inputs.rated.users
  valid = users.valid.copy()
  few = np.flatnonzero(valid[2])[:9]
  valid[2] = False
  valid[2, few] = True
  fewer = with_users(inputs, valid=valid)
  protocol = Protocol((8,), num_splits=2, seed=3)
  result = run.evaluate(fewer, ["own_ridge"], protocol)
  assert result["solvers"]["own_ridge"]["8"]["left_out"] == [users.user_ids[2]]
  splits = draw_splits(fewer.rated.users, protocol)
  scores = run.predict(run.learn("own_ridge", fewer), fewer, splits)
  np.testing.assert_array_equal(scores[0, 2, :, 0], np.where(valid[2], users.generic[2], 0))


def test_what_is_done_is_not_done_again_unless_settings_or_inputs_differ(inputs):
  first = run.evaluate(inputs, ["own_ridge"], PROTOCOL)
  first["solvers"]["own_ridge"]["marked"] = True
  before = json.loads(json.dumps(first))  # as it is read back
  saved = []

  def go_on(**changed):
    saved.clear()
    names = ["residual_svr_traits", "own_ridge"]
    save = lambda result, name: saved.append((name, list(result["solvers"])))  # noqa: E731
    given = inputs._replace(digest=changed.pop("digest", inputs.digest))
    return run.evaluate(given, names, PROTOCOL._replace(**changed), before=before, save=save)

  result = go_on()
  assert saved == [("residual_svr_traits", ["residual_svr_traits", "own_ridge"])]
  assert "marked" in result["solvers"]["own_ridge"]
  assert result["headline"] == "residual_svr_traits"
  for changed in ({"seed": 4}, {"num_splits": 1}, {"shots": (8,)}, {"digest": "other"}):
    result = go_on(**changed)
    assert [name for name, _ in saved] == ["residual_svr_traits", "own_ridge"], changed
    assert "marked" not in result["solvers"]["own_ridge"]


def test_names_are_checked_and_other_users_are_asked_for():
  assert run.choose([], has_others=True) == list(run.BASELINES)
  alone = run.choose([], has_others=False)
  assert alone and not any(run.BASELINES[name].needs_others for name in alone)
  assert run.choose(["own_svr", "own_ridge"], has_others=False) == ["own_ridge", "own_svr"]
  with pytest.raises(UserError, match="'pam' is unknown; use any of residual_svr_traits"):
    run.choose(["pam"], has_others=True)
  with pytest.raises(UserError, match="split=train --features"):
    run.choose(["fpmf_both"], has_others=False)


def test_the_command_goes_on_where_a_run_stopped(tmp_path, child_env, capsys):
  folder, prepared, _ = planted.write(tmp_path)
  config = config_file.load("configs/quickstart.py")
  config.personalize.update({"shots": (8, 20), "num_splits": 2})
  workdir.run(folder, prepared, config.personalize, ["own_ridge", "fpmf_traits"])
  told = capsys.readouterr()
  assert "fpmf_traits" in told.out and "fpmf_traits: done" in told.err
  first = json.loads((folder / "baselines.json").read_text())
  assert list(first["solvers"]) == ["fpmf_traits", "own_ridge"] and first["crowd"] == 30
  assert len(pl.read_csv(folder / "per_user_baselines.csv")) == 2 * 2 * 6

  command = ["launch.baselines", "--config=configs/quickstart.py"]
  command += [f"--workdir={folder}", f"--config.data.aesthetics={prepared}"]
  command += ["--config.personalize.shots=(8,20)", "--config.personalize.num_splits=2"]

  def start(*more):
    return children.run(*command, *more, env=child_env)

  done = start("--only=own_ridge,own_svr")
  assert done.returncode == 0, done.stderr
  assert "own_svr" in done.stdout and "own_svr: done" in done.stderr
  assert "own_ridge: done" not in done.stderr
  second = json.loads((folder / "baselines.json").read_text())
  assert list(second["solvers"]) == ["fpmf_traits", "own_ridge", "own_svr"]
  assert second["solvers"]["own_ridge"] == first["solvers"]["own_ridge"]

  failed = start("--only=ours")
  assert failed.returncode == 2 and "use any of" in failed.stderr
  assert "Traceback" not in failed.stderr
