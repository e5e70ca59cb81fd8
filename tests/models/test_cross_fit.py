"""Held-out scores: no photograph is scored by heads that knew it or anything of its group."""

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict

from paiaa_jax.models import cross_fit


def test_a_group_is_in_one_fold_and_folds_have_as_many_groups():
  groups = np.repeat([f"theme {i}" for i in range(12)], np.arange(1, 13))
  fold = cross_fit.draw_folds(groups, 5, 0, "test")
  of_group = {group: set(fold[groups == group]) for group in groups}
  assert all(len(folds) == 1 for folds in of_group.values())
  counts = np.bincount([folds.pop() for folds in of_group.values()])
  assert sorted(counts) == [2, 2, 2, 3, 3]
  assert np.any(fold != cross_fit.draw_folds(groups, 5, 1, "test"))


def test_scores_are_those_of_a_fit_without_the_fold():
  random = np.random.default_rng(0)
  features, targets, fold = random.normal(size=(30, 4)), random.normal(size=30), np.arange(30) % 5

  def fit(train):
    return Ridge().fit(features[train], targets[train])

  found = cross_fit.cross_fitted(fit, lambda model, rows: model.predict(rows), features, fold)
  split = LeaveOneGroupOut()
  expected = cross_val_predict(Ridge(), features, targets, groups=fold, cv=split)
  np.testing.assert_allclose(found, expected)
