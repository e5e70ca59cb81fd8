"""The whole measurement, step by step; what a step has written is not computed again.

WORKDIR/features/*.npy, image_level.json, stage1/*.npz, people/*.npz: see the functions.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from paiaa_jax import files, metrics
from paiaa_jax import personalization as pz
from paiaa_jax import workdir as workdirs
from paiaa_jax.data import images
from paiaa_jax.distribution import mean_score
from paiaa_jax.models import kernel_ridge
from paiaa_jax.models.features import extract
from paiaa_jax.models.network import backbone_class
from paiaa_jax.personalization.held_out import Evaluation
from paiaa_jax.personalization.solvers.taste import linear_kernel
from paiaa_jax.personalization.splits import Protocol, Splits, draw_splits
from paiaa_jax.personalization.users import Users
from paiaa_jax.types import Array
from studies.oasis import gallery, people, stage1, stage2, study
from studies.oasis.study import Draw, Study
from studies.oasis.tune import weight_file

EVERYONE = {  # personalised in every block
  "generic": stage2.generic,
  "population_mean": stage2.by(pz.population_mean()),  # no ratings of one's own: not personal
  "empirical_bayes": stage2.by(pz.empirical_bayes()),
  "taste": stage2.by(pz.taste(linear_kernel)),
  "ridge": stage2.by(pz.ridge()),
}
SLOW = {  # in the headline's block only, on as many splits as the others have
  "conditional": stage2.by(pz.conditional(), components=True),
  "taste on own ratings alone": stage2.by(pz.taste(linear_kernel, generic=False)),
  "SVR on features": stage2.support_vectors,
}


HEADLINE = "multi_level, all sizes"  # the features that stage 2 stands on
PICTURED = "taste"  # in the gallery


def claim(workdir: Path, config: ConfigDict) -> None:
  """Writes <workdir>/config.json, or raises UserError where it holds another config's results."""
  workdirs.claim(workdir / "config.json", json.loads(config.to_json()))


def compute_features(config: ConfigDict, data: Study, workdir: Path) -> dict[int, np.ndarray]:
  """Multi-level features [n, d] of each size, kept as features/<backbone>_<size>.npy."""
  features = {}
  for size in config.sizes:
    file = workdir / "features" / f"{config.backbone}_{size}.npy"
    if not file.exists():
      start = time.monotonic()
      pixels = (images.resize_square(images.load(path), size) for path in data.paths)
      files.write_arrays(file, extract(config.backbone, weight_file(config), pixels))
      logging.info("features at %d pixels: %.0f s", size, time.monotonic() - start)
    features[size] = files.read_arrays(file)
  return features


def poolings(config: ConfigDict, features: dict[int, np.ndarray]) -> dict[str, np.ndarray]:
  """What is compared at image level: name -> features [n, d]."""
  width = backbone_class(config.backbone).FEATURES
  first = features[config.sizes[0]]
  return {
    f"gap, {config.sizes[0]} px": first[:, -2 * width : -width],  # the deepest level's mean
    f"multi_level, {config.sizes[0]} px": first,
    HEADLINE: np.concatenate(list(features.values()), axis=1),
  }


def image_level(
  config: ConfigDict, data: Study, inputs: dict[str, np.ndarray], workdir: Path
) -> dict[str, list[dict]]:
  """Agreement of cross-fitted scores with the other users' distributions, a dict for each seed."""
  file = workdir / "image_level.json"
  results = files.read_json(file) if file.exists() else {}
  for name, features in inputs.items():
    done = results.setdefault(name, [])
    for seed in config.seeds[len(done) :]:
      drawn = study.draw(data, seed, config.folds, config.people)
      heads = stage1.fit(features, data, drawn, (0,))
      done.append({"seed": seed, **agreement(data, drawn, heads)})
      files.write_json(file, results)
      logging.info("%s, seed %d: SROCC %.3f", name, seed, done[-1]["srcc"])
  return results


def agreement(data: Study, drawn: Draw, heads: stage1.Heads) -> dict[str, Any]:
  """Of the first block's heads with its other users: pooled over folds, and SROCC fold by fold."""
  target = study.distribution(data.ratings[drawn.block != 0], data.scale)
  predicted = stage1.own_fold(heads.distribution[:, 0], drawn.photo_fold)
  shares = np.maximum(predicted, 0)
  shares = shares / shares.sum(axis=1, keepdims=True)
  scores, means = (mean_score(p, data.scale) for p in (predicted, target))
  by_fold = [
    float(metrics.srcc(scores[own], means[own]))
    for own in (drawn.photo_fold == fold for fold in range(drawn.photo_fold.max() + 1))
  ]
  norms = stage1.own_fold(heads.aux, drawn.photo_fold)
  return {
    "srcc": float(metrics.srcc(scores, means)),
    "plcc": float(metrics.plcc(scores, means)),
    "rmse": float(metrics.rmse(scores, means)),
    "emd": float(metrics.emd(shares, target)),
    "srcc_by_fold": by_fold,
    **{
      f"srcc_{name}": float(metrics.srcc(norms[:, i], data.norms[:, i]))
      for i, name in enumerate(data.aux_names)
    },
  }


def personalize(config: ConfigDict, data: Study, features: np.ndarray, workdir: Path) -> list[Path]:
  """Stage 2 on each block of the first seed; people/block<i>.npz holds solver/k/field [u, s]."""
  drawn = study.draw(data, config.seeds[0], config.folds, config.people)
  sizes = np.bincount(drawn.block)
  blocks = range(config.blocks or int((sizes == config.people).sum()))
  written = [workdir / "people" / f"block{block:02d}.npz" for block in blocks]
  missing = [block for block in blocks if not written[block].exists()]
  if not missing:
    return written
  heads = stage1.fit(features, data, drawn, tuple(missing))
  kernels = [
    stage2.coordinates(_kernel(features, drawn.photo_fold != fold)) for fold in range(config.folds)
  ]
  for i, block in enumerate(missing):
    start = time.monotonic()
    models = fold_models(data, drawn, heads, kernels, i, block)
    users = people.gather(data, np.flatnonzero(drawn.block == block))
    fewer = Protocol(tuple(config.shots), config.splits, config.seeds[0])
    protocol = fewer._replace(num_splits=config.headline_splits) if block == 0 else fewer
    splits = draw_splits(users, protocol)
    results = {"ids": users.user_ids} | evaluate(EVERYONE, models, users, splits)
    results |= fields(
      "other users' mean", without_error(data, drawn, block, users, splits), splits.shots
    )
    if block == 0:
      results |= evaluate(SLOW, models, users, draw_splits(users, fewer))
      chosen = gallery.two_people(models, users, splits, EVERYONE[PICTURED])
      files.write_arrays(workdir / "gallery.npz", chosen)
    files.write_arrays(written[block], results)
    logging.info("users of block %d: %.0f s", block, time.monotonic() - start)
  return written


def evaluate(
  chosen: dict[str, stage2.Method],
  models: Sequence[stage2.FoldModel],
  users: Users,
  splits: Splits,
) -> dict[str, Array]:
  """`method/k/field` -> [u, s]: srcc, coverage of the intervals, and their width in points."""
  results = {}
  for name, method in chosen.items():
    results |= fields(name, stage2.evaluate(models, users, splits, method), splits.shots)
  return results


def fields(name: str, found: Evaluation, shots: Sequence[int]) -> dict[str, Array]:
  """What is kept of an Evaluation, by name/k/field."""
  kept = {"srcc": found.srcc_personal, "coverage": found.coverage, "width": found.width}
  return {
    f"{name}/{k}/{field}": values[i] for i, k in enumerate(shots) for field, values in kept.items()
  }


def without_error(data: Study, drawn: Draw, block: int, users: Users, splits: Splits) -> Evaluation:
  """The other users' own mean as the generic score: what a network without any error reaches."""
  crowd = study.distribution(data.ratings[drawn.block != block], data.scale)
  mean = mean_score(crowd, data.scale)
  shape = (len(splits.shots), *splits.position.shape)
  return pz.evaluate(np.broadcast_to(mean[users.row][None, ..., None], shape), users, splits)


def fold_models(
  data: Study,
  drawn: Draw,
  heads: stage1.Heads,
  kernels: Sequence[tuple[np.ndarray, np.ndarray]],
  position: int,
  block: int,
) -> list[stage2.FoldModel]:
  """Each fold's model for the users of a block, whose heads stand at `position`."""
  return [
    stage2.make_model(
      data,
      drawn.photo_fold == fold,
      mean_score(heads.distribution[fold, position], data.scale).astype(np.float32),
      heads.aux[fold],
      kernel,
      data.ratings[drawn.block != block],
    )
    for fold, kernel in enumerate(kernels)
  ]


def _kernel(features: np.ndarray, train: np.ndarray) -> np.ndarray:
  centred = np.asarray(kernel_ridge.center(kernel_ridge.kernel(features, train), train))
  return centred / np.diagonal(centred)[train].mean()
