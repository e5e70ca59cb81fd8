"""The study as steps of studies.steps; each reads from the workdir what earlier ones wrote.

WORKDIR/features/*.npy, image_level/*.json, people/*.npz and gallery.npz, tuned/*.json.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from paiaa_jax import files, metrics
from paiaa_jax import workdir as workdirs
from paiaa_jax.data import images
from paiaa_jax.distribution import mean_score
from paiaa_jax.models.features import extract
from paiaa_jax.models.network import backbone_class
from studies.oasis import blocks, stage1, study, tune
from studies.oasis.study import Draw, Study
from studies.steps import Step

HEADLINE = "multi_level, all sizes"  # the features of stage 2


def claim(workdir: Path, config: ConfigDict) -> None:
  """Writes <workdir>/config.json; a UserError where it holds another config's results."""
  workdirs.claim(workdir / "config.json", json.loads(config.to_json()))


def steps(config: ConfigDict, data: Study, workdir: Path) -> Iterator[Step]:
  """Yields the steps in order; the code between two of them runs once the earlier ones are done."""
  stored = {size: workdir / "features" / f"{config.backbone}_{size}.npy" for size in config.sizes}
  for size, file in stored.items():
    write = partial(_write_features, config, data, size, file)
    yield Step(f"features_{size}", f"features at {size} pixels", write)
  after = tuple(f"features_{size}" for size in stored)
  inputs = poolings(config, {size: files.read_arrays(file) for size, file in stored.items()})
  for seed in config.seeds:
    file = workdir / "image_level" / f"seed{seed}.json"
    write = partial(_write_image_level, config, data, inputs, seed, file)
    yield Step(f"image_level_{seed}", f"image level, seed {seed}", write, after)
  shared = blocks.Blocks(config, data, inputs[HEADLINE])
  for block in shared.numbers:
    write = partial(blocks.write, shared, block, workdir)
    yield Step(f"users_{block:02d}", f"users of block {block}", write, after)
  yield from tune.steps(config, data, workdir)


def _write_features(config: ConfigDict, data: Study, size: int, file: Path) -> None:
  """Multi-level features [n, d]."""
  pixels = (images.resize_square(images.load(path), size) for path in data.paths)
  files.write_arrays(file, extract(config.backbone, tune.weight_file(config), pixels))


def poolings(config: ConfigDict, features: dict[int, np.ndarray]) -> dict[str, np.ndarray]:
  """The features that are compared at image level: name -> [n, d]."""
  width = backbone_class(config.backbone).FEATURES
  first = features[config.sizes[0]]
  return {
    f"gap, {config.sizes[0]} px": first[:, -2 * width : -width],  # the deepest level's mean
    f"multi_level, {config.sizes[0]} px": first,
    HEADLINE: np.concatenate(list(features.values()), axis=1),
  }


def _write_image_level(
  config: ConfigDict, data: Study, inputs: dict[str, np.ndarray], seed: int, file: Path
) -> None:
  """Writes the metrics of cross-fitted scores, for each of `inputs`."""
  drawn = study.draw(data, seed, config.folds, config.people)
  heads = {name: stage1.fit(features, data, drawn, (0,)) for name, features in inputs.items()}
  files.write_json(file, {name: agreement(data, drawn, own) for name, own in heads.items()})


def agreement(data: Study, drawn: Draw, heads: stage1.Heads) -> dict[str, Any]:
  """Metrics of the first block's heads on its other users' distributions, over all folds."""
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
