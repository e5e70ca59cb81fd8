"""All baselines on one set of splits: nobody peeks, runs go on where they stopped."""

import json
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from scipy import stats

from paiaa_jax.errors import UserError
from paiaa_jax.personalization.splits import draw_splits
from studies.baselines import run
from tests.studies.baselines import planted

SETTINGS = dict(shots=(8, 20), num_splits=2, seed=3)


@pytest.fixture(scope="module")
def inputs():
  return planted.simulate()


@pytest.fixture(scope="module")
def draws(inputs):
  people = inputs.people
  ids = people.user_ids, people.image_ids
  return draw_splits(people.valid, *ids, num_splits=2, seed=3)


@pytest.mark.parametrize("name", run.BASELINES)
def test_ratings_held_out_change_no_score_and_shots_do(name, inputs, draws):
  people = inputs.people
  function = run.learn(name, inputs)
  scores = run.predict(function, inputs, (8,), 1, 3)
  assert np.isfinite(scores).all()
  ratings = people.ratings.copy()
  random = np.random.default_rng(0)
  for own, valid, position in zip(ratings, people.valid, draws.position[..., 0], strict=True):
    held_out = valid & (position >= 8)
    own[held_out] = random.permutation(own[held_out])
  other = inputs._replace(people=people._replace(ratings=ratings))
  np.testing.assert_array_equal(run.predict(function, other, (8,), 1, 3), scores)
  shot = draws.image[:, 0, :1]
  np.put_along_axis(ratings, shot, 6 - np.take_along_axis(ratings, shot, axis=1), axis=1)
  moved = run.predict(function, other._replace(people=people._replace(ratings=ratings)), (8,), 1, 3)
  assert np.abs(moved - scores).max() > 1e-3


@pytest.mark.parametrize("name", ["residual_svr_traits", "pair_ranking"])
def test_an_srocc_is_scipys_on_the_images_held_out(name, inputs, draws):
  people = inputs.people
  result = run.evaluate(inputs, [name], **SETTINGS)
  scores = run.predict(run.learn(name, inputs), inputs, (8, 20), 2, 3)
  for i, k in enumerate((8, 20)):
    rows = result["solvers"][name][str(k)]["users"]
    for u, row in enumerate(rows):
      each = []
      for s in range(2):
        held_out = people.valid[u] & (draws.position[u, :, s] >= k)
        pair = scores[i, u, held_out, s], people.ratings[u, held_out]
        each.append(stats.spearmanr(*pair).statistic)
      assert row["srcc_personal"] == pytest.approx(np.mean(each), abs=1e-5)


def test_planted_tastes_make_every_baseline_on_features_and_a_crowd_better_than_generic():
  inputs = planted.simulate(users=12, images=60, seed=1)
  names = ["residual_svr_features", "fpmf_features", "regression_ranking", "pair_ranking"]
  result = run.evaluate(inputs, names, shots=(30,), num_splits=3, seed=0)
  gains = {name: one["30"]["test"]["low"] for name, one in result["solvers"].items()}
  assert min(gains.values()) > 0.05, gains
  assert gains["fpmf_features"] == max(gains.values())  # it alone is told of two common factors


def test_people_with_too_few_ratings_keep_the_generic_score_and_are_left_out(inputs):
  people = inputs.people
  valid = people.valid.copy()
  few = np.flatnonzero(valid[2])[:9]
  valid[2] = False
  valid[2, few] = True
  fewer = inputs._replace(people=people._replace(valid=valid))
  result = run.evaluate(fewer, ["own_ridge"], shots=(8,), num_splits=2, seed=3)
  assert result["solvers"]["own_ridge"]["8"]["left_out"] == [people.user_ids[2]]
  scores = run.predict(run.learn("own_ridge", fewer), fewer, (8,), 2, 3)
  expected = np.where(valid[2], people.generic[2], 0)
  np.testing.assert_array_equal(scores[0, 2, :, 0], expected)


def test_what_is_done_is_not_done_again_unless_settings_or_inputs_differ(inputs):
  first = run.evaluate(inputs, ["own_ridge"], **SETTINGS)
  first["solvers"]["own_ridge"]["marked"] = True
  before = json.loads(json.dumps(first))  # as it is read back
  saved = []

  def go_on(**changed):
    saved.clear()
    names = ["residual_svr_traits", "own_ridge"]
    save = lambda result, name: saved.append((name, list(result["solvers"])))  # noqa: E731
    given = inputs._replace(digest=changed.pop("digest", inputs.digest))
    return run.evaluate(given, names, **SETTINGS | changed, before=before, save=save)

  result = go_on()
  assert saved == [("residual_svr_traits", ["residual_svr_traits", "own_ridge"])]
  assert "marked" in result["solvers"]["own_ridge"]
  assert result["headline"] == "residual_svr_traits"
  for changed in ({"seed": 4}, {"num_splits": 1}, {"shots": (8,)}, {"digest": "other"}):
    result = go_on(**changed)
    assert [name for name, _ in saved] == ["residual_svr_traits", "own_ridge"], changed
    assert "marked" not in result["solvers"]["own_ridge"]


def test_names_are_checked_and_a_crowd_is_asked_for():
  assert run.choose([], has_crowd=True) == list(run.BASELINES)
  alone = run.choose([], has_crowd=False)
  assert alone and not any(run.BASELINES[name].needs_crowd for name in alone)
  assert run.choose(["own_svr", "own_ridge"], has_crowd=False) == ["own_ridge", "own_svr"]
  with pytest.raises(UserError, match="'pam' is unknown; use any of residual_svr_traits"):
    run.choose(["pam"], has_crowd=True)
  with pytest.raises(UserError, match="split=train --features"):
    run.choose(["fpmf_both"], has_crowd=False)


def test_the_command_writes_and_goes_on(tmp_path, child_env):
  workdir, prepared, _ = planted.write(tmp_path)
  command = [sys.executable, "-m", "launch.baselines", "--config=configs/quickstart.py"]
  command += [f"--workdir={workdir}", f"--config.data.aesthetics={prepared}"]
  command += ["--config.personalize.shots=(8,20)", "--config.personalize.num_splits=2"]

  def start(*more):
    return subprocess.run(
      [*command, *more], env=child_env, capture_output=True, text=True, check=False
    )

  done = start("--only=own_ridge,fpmf_traits")
  assert done.returncode == 0, done.stderr
  assert "fpmf_traits" in done.stdout and "fpmf_traits: done" in done.stderr
  first = json.loads((workdir / "baselines.json").read_text())
  assert list(first["solvers"]) == ["fpmf_traits", "own_ridge"] and first["crowd"] == 30
  assert len(pl.read_csv(workdir / "per_user_baselines.csv")) == 2 * 2 * 6

  done = start("--only=own_ridge,own_svr")
  assert done.returncode == 0 and "own_ridge: done" not in done.stderr
  second = json.loads((workdir / "baselines.json").read_text())
  assert list(second["solvers"]) == ["fpmf_traits", "own_ridge", "own_svr"]
  assert second["solvers"]["own_ridge"] == first["solvers"]["own_ridge"]

  failed = start("--only=ours")
  assert failed.returncode == 2 and "use any of" in failed.stderr
  assert "Traceback" not in failed.stderr
