"""Table V's figures and the test over people, by hand."""

import json

import numpy as np
import pytest
from scipy import stats

from paiaa_jax.personalization import protocol
from paiaa_jax.personalization.summary import compare_people, over_repeats, summarize
from tests.personalization.crowd import simulate


def test_a_repeat_is_the_mean_over_users_with_a_defined_srcc():
  srcc = np.array([[0.2, np.nan, 0.4], [0.4, 0.6, 0.8]])
  result = over_repeats(srcc)
  assert result["mean"] == pytest.approx(np.mean([0.3, 0.6, 0.6]))
  assert result["std"] == pytest.approx(np.std([0.3, 0.6, 0.6], ddof=1))


def test_people_are_compared_once_each():
  rng = np.random.default_rng(0)
  theirs = rng.uniform(0.3, 0.5, (20, 8))
  ours = theirs + rng.normal(0.05, 0.05, (20, 1)) + rng.normal(0, 0.01, (20, 8))
  ours[3, 2] = np.nan
  result = compare_people(ours, theirs)
  gain = np.nanmean(ours - theirs, axis=1)
  assert result["people"] == 20
  assert result["p_value"] == pytest.approx(stats.wilcoxon(gain).pvalue)
  assert result["low"] < result["gain"] < result["high"]
  assert result["gain"] == pytest.approx(np.mean(gain), abs=0.01)


def test_the_interval_covers_the_true_gain_as_often_as_it_says():
  rng = np.random.default_rng(1)
  inside = 0
  for _ in range(400):
    result = compare_people(rng.normal(0.1, 0.3, (15, 1)), np.zeros((15, 1)))
    inside += result["low"] <= 0.1 <= result["high"]
  assert 0.92 < inside / 400 < 0.98


def test_no_gain_at_all_has_no_test():
  same = np.full((5, 3), 0.4)
  assert compare_people(same, same)["p_value"] is None


def test_a_summary_names_users_and_is_json():
  crowd = simulate(users=3, images=40, fewest=40)
  crowd.valid[1, 9:] = False
  crowd.ratings[2] = 4
  evaluation = protocol.evaluate_splits(*crowd, shots=(8,), num_splits=3, solver="ols")
  summary = json.loads(json.dumps(summarize(evaluation, (8,), ["ann", "bob", "cem"])))["8"]
  assert summary["left_out"] == ["bob"]
  assert summary["undefined"]["constant_ratings"] == 3
  assert summary["users_a_repeat"] == [1, 1]
  ann, cem = summary["users"]
  assert ann["user"] == "ann" and ann["undefined_splits"] == 0
  assert ann["gain"] == pytest.approx(ann["srcc_personal"] - ann["srcc_generic"], abs=1e-6)
  assert cem["srcc_personal"] is None and cem["undefined_splits"] == 3
  assert summary["personal"]["mean"] == pytest.approx(ann["srcc_personal"], abs=1e-6)
