"""Table V's figures and the test over people, by hand."""

import json

import numpy as np
import pytest
from scipy import stats

from paiaa_jax.personalization.statistics import bootstrap, compare_users, over_repeats, summarize
from tests.personalization.crowd import evaluate, simulate, users_of


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
  result = compare_users(ours, theirs)
  gain = np.nanmean(ours - theirs, axis=1)
  assert result["people"] == 20
  assert result["p_value"] == pytest.approx(stats.wilcoxon(gain).pvalue)
  assert result["low"] < result["gain"] < result["high"]
  assert result["gain"] == pytest.approx(np.mean(gain), abs=0.01)


def test_the_interval_covers_the_true_gain_as_often_as_it_says():
  rng = np.random.default_rng(1)
  inside = 0
  for _ in range(400):
    result = compare_users(rng.normal(0.1, 0.3, (15, 1)), np.zeros((15, 1)))
    inside += result["low"] <= 0.1 <= result["high"]
  assert 0.92 < inside / 400 < 0.98


def test_no_gain_at_all_has_no_test():
  same = np.full((5, 3), 0.4)
  assert compare_users(same, same)["p_value"] is None


def test_bootstrap_intervals_are_those_of_a_plain_loop():
  rng = np.random.default_rng(0)
  srcc = rng.normal(0.5, 0.1, (12, 1)) + rng.normal(0, 0.2, (12, 6))
  srcc[2, :4] = srcc[5] = np.nan
  result = bootstrap(srcc)
  own = [row[np.isfinite(row)] for row in srcc if np.isfinite(row).any()]
  people, both = [], []
  for _ in range(8000):
    drawn = [own[i] for i in rng.integers(len(own), size=len(own))]
    people.append(np.mean([np.mean(row) for row in drawn]))
    both.append(np.mean([np.mean(rng.choice(row, len(row))) for row in drawn]))
  assert result["mean"] == pytest.approx(np.mean([row.mean() for row in own]))
  for name, means in (("people", people), ("people_and_splits", both)):
    low, high = np.quantile(means, [0.025, 0.975])
    np.testing.assert_allclose(result[name], [low, high], atol=0.04 * (high - low))
  widths = [np.diff(result[name])[0] for name in ("people", "people_and_splits")]
  assert widths[0] < widths[1]
  assert bootstrap(srcc) == result != bootstrap(srcc, seed=1)


def test_bootstrap_intervals_cover_the_true_mean_about_as_often_as_they_say():
  rng = np.random.default_rng(2)
  inside = 0
  for _ in range(300):
    low, high = bootstrap(rng.normal(0.4, 0.1, (37, 1)), resamples=400)["people"]
    inside += low <= 0.4 <= high
  assert 0.89 < inside / 300 < 0.98


def test_one_person_alone_has_no_interval():
  result = bootstrap(np.array([[0.2, 0.4], [np.nan, np.nan]]))
  assert result["mean"] == pytest.approx(0.3)
  assert result["people"] is None and result["people_and_splits"] is None


def test_a_summary_names_users_and_is_json():
  crowd = simulate(users=3, images=40, fewest=40)
  crowd.valid[1, 9:] = False
  crowd.ratings[2] = 4
  evaluation = evaluate("ols", users_of(crowd), (8,), 3)
  summary = json.loads(json.dumps(summarize(evaluation, (8,), ["ann", "bob", "cem"])))["8"]
  assert summary["left_out"] == ["bob"]
  assert summary["undefined"]["constant_ratings"] == 3
  assert summary["users_a_repeat"] == [1, 1]
  ann, cem = summary["users"]
  assert ann["user"] == "ann" and ann["undefined_splits"] == 0
  assert ann["gain"] == pytest.approx(ann["srcc_personal"] - ann["srcc_generic"], abs=1e-6)
  assert cem["srcc_personal"] is None and cem["undefined_splits"] == 3
  assert summary["personal"]["mean"] == pytest.approx(ann["srcc_personal"], abs=1e-6)
