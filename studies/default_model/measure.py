"""How well the default model scores photographs that its heads never saw.

Folds by photograph, and by theme: all photographs of a theme ("Beach 1", "Beach 2") are in one
fold, as another person's photographs are of themes that were not in training.
"""

from __future__ import annotations

import functools
import logging
import re

import numpy as np
from scipy import stats

from paiaa_jax.models import cross_fit
from studies.default_model import heads
from studies.default_model.copies import CHECKS
from studies.default_model.heads import SCALE, Inputs
from studies.oasis.study import Study

FOLDS, SEEDS = 5, (0, 1, 2, 3, 4)
CHECKED = 30  # photographs of the first fold that are damaged


def themes(names: np.ndarray) -> np.ndarray:
  """Beach 12.jpg -> beach."""
  return np.array([re.sub(r"\s*\d+\s*\.\w+$", "", name).lower() for name in names])


def categories(data: Study) -> np.ndarray:
  """[n] of the photographs: animals, objects, people or scenery, as numbers 0..3."""
  return np.argmax(data.norms[:, 2:], axis=1)


def draw_folds(groups: np.ndarray, seed: int) -> np.ndarray:
  """groups [n] -> fold of each, 0..FOLDS - 1; a group is never divided."""
  return cross_fit.draw_folds(groups, FOLDS, seed, "default model folds")


def checked(names: np.ndarray) -> np.ndarray:
  """Row numbers [CHECKED] of photographs that are damaged: of the first fold of the first seed."""
  return np.flatnonzero(draw_folds(names, SEEDS[0]) == 0)[:CHECKED]


def cross_fitted(inputs: Inputs, fold: np.ndarray, technique: bool) -> np.ndarray:
  """Each photograph's score [n] by heads that were fitted without its fold."""
  fit = functools.partial(heads.fit, inputs, technique=technique)
  return cross_fit.cross_fitted(fit, heads.scores, inputs.features, fold)


def figures(inputs: Inputs, damaged: np.ndarray) -> dict:
  """Every figure of the card; `damaged` [checks, CHECKED, d] are features of the damaged."""
  means, result = inputs.shares @ SCALE, {}
  for name, groups in (("photograph", inputs.names), ("theme", themes(inputs.names))):
    found: dict[bool, list[float]] = {True: [], False: []}
    for seed in SEEDS:
      fold = draw_folds(groups, seed)
      for technique, values in found.items():
        out = cross_fitted(inputs, fold, technique)
        values.append(float(stats.spearmanr(out, means).statistic))
      logging.info("folds by %s, seed %d: SROCC %.3f", name, seed, found[True][-1])
    loss = np.subtract(found[False], found[True])
    result[f"srocc_by_{name}"] = round(float(np.mean(found[True])), 3)
    result[f"srocc_by_{name}_each_seed"] = [round(value, 3) for value in found[True]]
    result[f"lost_to_technique_by_{name}"] = round(float(loss.mean()), 3)
  return result | _technique(inputs, damaged)


def _technique(inputs: Inputs, damaged: np.ndarray) -> dict:
  fold, chosen = draw_folds(inputs.names, SEEDS[0]), checked(inputs.names)
  fitted = heads.fit(inputs, fold != 0)
  before = heads.scores(fitted, inputs.features[chosen])
  lower = {
    name: int(np.sum(heads.scores(fitted, rows) < before))
    for name, rows in zip(CHECKS, damaged, strict=True)
  }
  frames = heads.scores(fitted, inputs.frames)
  return {
    "damaged_photographs": len(chosen),
    "scored_lower": lower,
    "black_frame": round(float(frames[0]), 2),
    "uniform_frames_mean_and_highest": [round(float(x), 2) for x in (frames.mean(), frames.max())],
    "lowest_photograph_held_out": round(
      float(heads.scores(fitted, inputs.features[fold == 0]).min()), 2
    ),
  }
