"""Joint against single task with the backbone trained: short runs of the training step, paired.

Seed i trains on the photographs outside its fold i (modulo the number of folds) and scores that
fold. The joint and the single run of a seed share first weights, batches, crops and dropout; in the
joint one each photograph's norms are learned as well (Eq. 8), so both see the same images.
"""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from paiaa_jax import metrics, rng
from paiaa_jax.data import pipeline
from paiaa_jax.experiments.oasis.study import Draw, Study, distribution, draw
from paiaa_jax.models import pretrained
from paiaa_jax.models.network import Network
from paiaa_jax.training import optim
from paiaa_jax.training.step import create_state, eval_params, make_train_step

TASKS = ("joint", "aesthetics")
EVAL_BATCH = 17


class Photographs:
  """Some of the study's photographs with both labels, as data.pipeline reads them."""

  def __init__(self, data: Study, rows: np.ndarray, distributions: np.ndarray):
    self._paths = [data.paths[row] for row in rows]
    self._bytes = [path.read_bytes() for path in self._paths]
    self._distributions, self._norms = distributions[rows], data.norms[rows]

  def __len__(self) -> int:
    return len(self._paths)

  def __getitem__(self, row: int) -> dict[str, Any]:
    return {
      "image": self._bytes[row],
      "name": self._paths[row].name,
      "distribution": self._distributions[row],
      "aux": self._norms[row],
      "has_distribution": 1.0,
      "has_aux": 1.0,
    }


def every_seed(config: ConfigDict, data: Study, workdir: Path) -> None:
  """Runs what is missing of WORKDIR/tuned/<task>_<seed>.json: SROCC on the fold held out."""
  (workdir / "tuned").mkdir(exist_ok=True)
  for seed in config.tune.seeds:
    drawn = draw(data, seed, config.folds, config.people)
    for tasks in TASKS:
      file = workdir / "tuned" / f"{tasks}_{seed}.json"
      if not file.exists():
        file.write_text(json.dumps(run(config, data, drawn, seed, tasks), indent=1) + "\n")


def run(config: ConfigDict, data: Study, drawn: Draw, seed: int, tasks: str) -> dict[str, Any]:
  """Trains one seed on one or both tasks; returns its agreement with the held-out fold.

  Returns:
    srcc of the mean scores, srcc_<name> of each auxiliary output, the last loss_aesthetics.
  """
  start, tune = time.monotonic(), config.tune
  test = drawn.photo_fold == seed % config.folds
  labels = distribution(data.ratings[drawn.block != 0], data.scale)
  source = Photographs(data, np.flatnonzero(~test), labels)
  network = Network(
    backbone=config.backbone,
    num_buckets=len(data.scale),
    aux_names=data.aux_names,
    head_widths=tuple(tune.head_widths),
    head_dropout=tune.head_dropout,
    pooling=tune.pooling,
  )
  steps = round(tune.epochs * len(source) / tune.batch_size)
  schedule = optim.make_schedule("cosine", decay=1.0, steps_per_epoch=1, total_steps=steps)
  optimizer = optim.make_optimizer(
    "sgd",
    schedule,
    lr_backbone=tune.lr_backbone,
    lr_heads=tune.lr_heads,
    weight_decay=tune.weight_decay,
    clip_norm=tune.clip_norm,
  )
  state = create_state(_first_variables(network, config, seed), optimizer, ema=tune.ema > 0)
  step = make_train_step(
    network,
    optimizer,
    seed=seed,
    tasks=tasks,
    distribution_loss=tune.distribution_loss,
    ema=tune.ema,
  )
  step = jax.jit(step, donate_argnums=0)
  batches = pipeline.train_batches(
    source,
    batch_size=tune.batch_size,
    image_size=tune.size,
    resize=tune.resize,
    seed=seed,
    flip=True,
  )
  for _, batch in zip(range(steps), batches, strict=False):
    state, losses = step(state, batch)
  shares, aux = _predict(network, state, tune.size, Photographs(data, np.flatnonzero(test), labels))
  srcc = float(metrics.srcc(shares @ data.scale, labels[test] @ data.scale))
  logging.info("seed %d, %s: SROCC %.3f, %.0f s", seed, tasks, srcc, time.monotonic() - start)
  norms = {
    f"srcc_{name}": float(metrics.srcc(aux[:, i], data.norms[test, i]))
    for i, name in enumerate(data.aux_names)
  }
  return {"srcc": srcc, **norms, "loss_aesthetics": float(losses["loss_aesthetics"])}


def _first_variables(network: Network, config: ConfigDict, seed: int) -> dict[str, Any]:
  size = config.tune.size
  image = np.zeros((1, size, size, 3), np.uint8)
  variables = jax.jit(network.init)(rng.key(seed, "init"), image)
  weights = pretrained.load(config.backbone, weight_file(config))
  return {part: {**leaves, "backbone": weights[part]} for part, leaves in variables.items()}


def weight_file(config: ConfigDict) -> Path:
  """The backbone's ImageNet weights that the config names."""
  if config.pretrained == "packaged":
    return pretrained.packaged_path(config.backbone)
  return Path(config.pretrained)


def _predict(network, state, size: int, source: Photographs) -> tuple[np.ndarray, np.ndarray]:
  variables = {"params": eval_params(state), "batch_stats": state.batch_stats}
  apply = jax.jit(lambda variables, image: network.apply(variables, image))
  rows = []
  for batch in pipeline.eval_batches(source, batch_size=EVAL_BATCH, image_size=size):
    prediction = jax.device_get(apply(variables, batch.image))
    real = batch.index >= 0
    rows.append((prediction.distribution[real], prediction.aux[real]))
  distribution, aux = (np.concatenate(parts) for parts in zip(*rows, strict=True))
  return distribution, aux
