"""Joint against single task with the backbone trained: short runs of the training step, paired.

Seed i trains on the photographs outside its fold i (modulo the number of folds) and scores that
fold. The joint and the single run of a seed share first weights, batches, crops and dropout; in the
joint one each photograph's norms are learned as well (Eq. 8), so both see the same images.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import optax
from ml_collections import ConfigDict

from paiaa_jax import files, metrics
from paiaa_jax.data import pipeline
from paiaa_jax.distribution import mean_score
from paiaa_jax.models.network import Network
from paiaa_jax.models.weights import pretrained
from paiaa_jax.training import init_state, optim
from paiaa_jax.training.step import State, create_state, eval_params, make_train_step
from studies.oasis.study import Draw, Study, distribution, draw
from studies.steps import Step

TASKS = ("joint", "aesthetics")
EVAL_BATCH = 17


class Photographs:
  """A pipeline.Source of some of the study's photographs, with both labels."""

  def __init__(self, data: Study, rows: np.ndarray, distributions: np.ndarray):
    self._paths = [data.paths[row] for row in rows]
    self._bytes = [files.read_bytes(path) for path in self._paths]
    self._distributions, self._norms = distributions[rows], data.norms[rows]

  def __len__(self) -> int:
    return len(self._paths)

  def __getitem__(self, index: int) -> dict[str, Any]:
    return {
      "image": self._bytes[index],
      "name": self._paths[index].name,
      "distribution": self._distributions[index],
      "aux": self._norms[index],
      "has_distribution": 1.0,
      "has_aux": 1.0,
    }


class Trainer(NamedTuple):
  """What the seeds of one task share, compiled once; their dropout is that of seed 0."""

  network: Network
  optimizer: optax.GradientTransformation
  step: Callable
  apply: Callable
  num_steps: int


def steps(config: ConfigDict, data: Study, workdir: Path) -> Iterator[Step]:
  """A step for each task and seed, which writes WORKDIR/tuned/<tasks>_<seed>.json."""
  for tasks in TASKS:
    trainer = cache(partial(make_trainer, config, data, tasks))  # compiled once, if at all
    for seed in config.tune.seeds:
      file = workdir / "tuned" / f"{tasks}_{seed}.json"
      write = partial(_write_run, config, data, seed, trainer, file)
      yield Step(f"tuned_{tasks}_{seed}", f"train {tasks}, seed {seed}", write)


def _write_run(
  config: ConfigDict, data: Study, seed: int, trainer: Callable[[], Trainer], file: Path
) -> None:
  drawn = draw(data, seed, config.folds, config.people)
  files.write_json(file, run(config, data, drawn, seed, trainer()))


def make_trainer(config: ConfigDict, data: Study, tasks: str) -> Trainer:
  """See Trainer; `tasks` is one of TASKS."""
  tune = config.tune
  network = Network(
    backbone=config.backbone,
    num_buckets=len(data.scale),
    aux_names=data.aux_names,
    head_widths=tuple(tune.head_widths),
    head_dropout=tune.head_dropout,
    pooling=tune.pooling,
  )
  train = len(data.images) * (config.folds - 1) / config.folds
  num_steps = max(1, round(tune.epochs * train / tune.batch_size))
  optimizer = optim.make_optimizer(
    "sgd",
    optim.make_schedule("cosine", decay=1.0, steps_per_epoch=1, total_steps=num_steps),
    lr_backbone=tune.lr_backbone,
    lr_heads=tune.lr_heads,
    weight_decay=tune.weight_decay,
    clip_norm=tune.clip_norm,
  )
  step = make_train_step(
    network,
    optimizer,
    tasks=tasks,
    distribution_loss=tune.distribution_loss,
    ema=tune.ema,
  )
  return Trainer(
    network, optimizer, jax.jit(step, donate_argnums=0), jax.jit(network.apply), num_steps
  )


def run(
  config: ConfigDict, data: Study, drawn: Draw, seed: int, trainer: Trainer
) -> dict[str, float]:
  """Trains one seed and returns its metrics on the held-out fold.

  Returns:
    srcc of the mean scores, srcc_<name> of each auxiliary output, the last loss_aesthetics.
  """
  tune = config.tune
  test = drawn.photo_fold == seed % config.folds
  labels = distribution(data.ratings[drawn.block != 0], data.scale)
  source = Photographs(data, np.flatnonzero(~test), labels)
  variables = _first_variables(trainer.network, config, seed)
  state = create_state(variables, trainer.optimizer, ema=tune.ema > 0, seed=0)
  batches = pipeline.train_batches(
    [pipeline.Stream(source, pipeline.Draws(tune.size, tune.resize, flip=True))],
    batch_size=tune.batch_size,
    seed=seed,
  )
  for _, batch in zip(range(trainer.num_steps), batches, strict=False):
    state, losses = trainer.step(state, batch)
  held_out = Photographs(data, np.flatnonzero(test), labels)
  shares, aux = _predict(trainer, state, tune.size, held_out)
  norms = {
    f"srcc_{name}": float(metrics.srcc(aux[:, i], data.norms[test, i]))
    for i, name in enumerate(data.aux_names)
  }
  return {
    "srcc": float(metrics.srcc(*(mean_score(p, data.scale) for p in (shares, labels[test])))),
    **norms,
    "loss_aesthetics": float(losses["loss_aesthetics"]),
  }


def _first_variables(network: Network, config: ConfigDict, seed: int) -> dict[str, Any]:
  heads = init_state.draw(network, config.tune.size, seed, backbone=False)
  weights = pretrained.load(config.backbone, weight_file(config))
  return {kind: {**leaves, "backbone": weights[kind]} for kind, leaves in heads.items()}


def weight_file(config: ConfigDict) -> Path:
  """The backbone's ImageNet weights that the config names."""
  if config.pretrained == "packaged":
    return pretrained.packaged_path(config.backbone)
  return Path(config.pretrained)


def _predict(
  trainer: Trainer, state: State, size: int, source: Photographs
) -> tuple[np.ndarray, np.ndarray]:
  variables = {"params": eval_params(state), "batch_stats": state.batch_stats}
  rows = []
  for batch in pipeline.eval_batches(source, batch_size=EVAL_BATCH, image_size=size):
    prediction = jax.device_get(trainer.apply(variables, batch.image))
    real = batch.index >= 0
    rows.append((prediction.distribution[real], prediction.aux[real]))
  shares, aux = (np.concatenate(parts) for parts in zip(*rows, strict=True))
  return shares, aux
