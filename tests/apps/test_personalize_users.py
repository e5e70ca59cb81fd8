"""Stage 2 as the command runs it: predictions and ratings on disk in, Table V out."""

import json

import numpy as np
import polars as pl
import pytest

from configs import base
from paiaa_jax.apps import personalize_users
from paiaa_jax.errors import UserError
from paiaa_jax.personalization import evaluation, solvers
from paiaa_jax.personalization.splits import Protocol
from tests import children
from tests.personalization.crowd import simulate
from tests.test_docs import ROOT, blocks

USERS, IMAGES = 6, 40
NAMES = [f"{i}.jpg" for i in range(IMAGES)]


@pytest.fixture
def run(tmp_path):
  """(workdir, prepared folder) of people who all rated the same photographs."""
  crowd = simulate(users=1, images=IMAGES, fewest=IMAGES)
  rng = np.random.default_rng(0)
  weights = rng.normal(0.8, 1, (USERS, 1, 5))
  ratings = crowd.generic + (crowd.outputs * weights).sum(-1) + rng.normal(0, 0.4, (USERS, IMAGES))
  ratings = np.clip(np.round(ratings), 1, 5)
  traits = {f"trait{i}": crowd.outputs[0, :, i] for i in range(5)}
  predictions = {"path": NAMES, "aesthetic_score": crowd.generic[0], **traits}
  workdir, prepared = tmp_path / "run", tmp_path / "flickr_aes"
  (workdir / "predictions").mkdir(parents=True)
  prepared.mkdir()
  pl.DataFrame(predictions).write_parquet(workdir / "predictions" / "flickr_aes_test.parquet")
  manifest = {"name": "flickr_aes", "scale": [1, 2, 3, 4, 5]}
  (prepared / "manifest.json").write_text(json.dumps(manifest))
  pl.DataFrame(
    {
      "user": np.repeat([f"user{i}" for i in range(USERS)], IMAGES),
      "path": NAMES * USERS,
      "score": ratings.ravel(),
      "split": np.repeat(["test"] * 4 + ["train"] * 2, IMAGES),
    }
  ).write_parquet(prepared / "ratings.parquet")
  return workdir, prepared


PROTOCOL = Protocol((8, 20), num_splits=4)


def test_only_test_users_are_evaluated_and_all_solvers_see_the_same_splits(run):
  result = personalize_users.evaluate(personalize_users.read(*run), ("ols", "ridge"), PROTOCOL)
  assert result["headline"] == "ols" and result["people"] == 4
  rows = personalize_users.user_table(result)
  assert rows["user"].unique().sort().to_list() == [f"user{i}" for i in range(4)]
  assert len(rows) == 2 * 2 * 4
  ols, ridge = (result["solvers"][name]["8"]["generic"] for name in ("ols", "ridge"))
  assert ols == ridge


def test_the_solver_of_contributing_gets_its_row(run, monkeypatch, capsys):
  _, code = blocks((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), "python")
  names = {}
  exec(code, names)
  monkeypatch.setitem(solvers.SOLVERS, "neighbours", names["neighbours"])
  result = personalize_users.evaluate(personalize_users.read(*run), ("neighbours",), PROTOCOL)
  personalize_users.show(result)
  rows = [row for row in capsys.readouterr().out.splitlines() if "neighbours" in row]
  mean = result["solvers"]["neighbours"]["20"]["personal"]["mean"]
  assert len(rows) == len(PROTOCOL.shots) and f"{mean:.3f}" in rows[1]
  assert mean > result["solvers"]["neighbours"]["20"]["generic"]["mean"]


def test_training_users_tell_the_prior_where_predictions_out_of_fold_exist(run, monkeypatch):
  workdir, _ = run
  assert personalize_users.read(*run).others is None
  test = workdir / "predictions" / "flickr_aes_test.parquet"
  test.with_name("flickr_aes_out_of_fold.parquet").write_bytes(test.read_bytes())
  inputs = personalize_users.read(*run)
  assert inputs.others.users.user_ids.tolist() == ["user4", "user5"]
  states = []
  inner = evaluation.evaluate
  monkeypatch.setattr(
    evaluation, "evaluate", lambda *a, state, **k: states.append(state) or inner(*a, **k)
  )
  result = personalize_users.evaluate(inputs, ("empirical_bayes",), PROTOCOL)
  assert result["crowd"] == 2 and np.isfinite(states[0].mean).all()


def test_nobody_learns_from_test_users_unless_told_to(run):
  settings = base.get_config().personalize
  settings.shots, settings.num_splits = (8,), 2
  personalize_users.run(*run, settings)  # the default solvers ask nobody
  settings.solvers = ("ridge", "population_mean")
  with pytest.raises(UserError, match=r"population_mean learns from training users.*out_of_fold"):
    personalize_users.run(*run, settings)
  settings.prior = "test_shots"
  personalize_users.run(*run, settings)


def test_the_command_writes_table_v_and_a_row_for_each_user(run, child_env):
  workdir, prepared = run
  command = ["launch.personalize", "--config=configs/quickstart.py"]
  command += [f"--workdir={workdir}", f"--config.data.aesthetics={prepared}"]
  command += ["--config.personalize.shots=(8,20)", "--config.personalize.num_splits=4"]
  command += ["--config.personalize.solvers=('ols','ridge')", "--config.personalize.name=again"]
  command += ["--config.personalize.scores"]
  done = children.run(*command, env=child_env)
  assert done.returncode == 0, done.stderr
  result = json.loads((workdir / "personalize_again.json").read_text())
  assert set(result["solvers"]["ridge"]) == {"8", "20"}
  assert len(pl.read_csv(workdir / "per_user_again.csv")) == 16
  assert "ridge" in done.stdout
  scores = pl.read_parquet(workdir / "scores_ridge_again.parquet")
  assert set(scores.columns) == {"user", "path", "split", "k", "score"}  # as launch.benchmark's
  assert len(scores) == 4 * 4 * ((IMAGES - 8) + (IMAGES - 20))

  (workdir / "predictions" / "flickr_aes_test.parquet").unlink()
  failed = children.run(*command, env=child_env)
  assert failed.returncode == 2
  assert "launch.evaluate" in failed.stderr and "Traceback" not in failed.stderr
