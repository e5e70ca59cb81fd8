"""A config -> the run's parts: streams, mesh, network, optimiser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import numpy as np
import optax
from jax.sharding import Mesh
from ml_collections import ConfigDict

from paiaa_jax import losses
from paiaa_jax.errors import UserError
from paiaa_jax.models.backbones.base import REMAT
from paiaa_jax.models.network import Network
from paiaa_jax.training import batches, init_from, optim, sharding
from paiaa_jax.training.step import TASKS
from paiaa_jax.workdir import flatten

CHOICES = {
  "train.tasks": tuple(TASKS),
  "train.distribution_loss": tuple(losses.DISTRIBUTION_LOSSES),
  "train.batch_norm": ("concatenated", "separate"),
  "data.auxiliary_target": ("aux", "distribution"),
  "data.sampling": ("uniform", "scores", "classes"),
  "train.weigh_by": ("none", "raters"),
  "model.init_parts": tuple(init_from.PARTS),
  "model.remat": tuple(REMAT),
  "checkpoint.export": ("last", "best"),
}
AT_LEAST = {
  "seed": 0,
  "data.workers": 0,
  "data.decoders": 0,
  "data.left_out_fold": -1,
  "data.folds": 2,
  "data.image_size": 1,
  "optim.batch_size": 1,
  "train.eval_batch_size": 1,
  "log.every": 1,
  "train.patience": 0,
  "train.norm_groups": 1,
  "checkpoint.keep": 1,
}


class Run(NamedTuple):
  """What a config makes, before anything is trained.

  Attributes:
    streams: the prepared folders.
    mesh: all devices.
    network_fields: keyword arguments of Network, plain values.
    network: the linen module.
    optimizer: see optim.make_optimizer.
    schedule: step -> factor on both rates.
    epoch_steps: steps of one pass over the first stream.
    total_steps: steps of the run.
    images: images of a step, over all streams and processes.
    train_rows: rows a stream and step, over all processes, with those of padding.
    eval_rows: rows of an evaluation batch, over all processes.
  """

  streams: batches.Streams
  mesh: Mesh
  network_fields: dict[str, Any]
  network: Network
  optimizer: optax.GradientTransformation
  schedule: Callable
  epoch_steps: int
  total_steps: int
  images: int
  train_rows: int
  eval_rows: int


def prepare(config: ConfigDict) -> Run:
  """Opens the data and builds the parts.

  Raises:
    UserError: for a config that cannot be run, saying which field to mend.
  """
  _check_fields(config)
  sources = batches.open_streams(config)
  mesh = sharding.make_mesh(config.train.fsdp)
  epoch_steps = batches.epoch_steps(sources, config)
  total_steps = config.optim.steps or max(1, round(config.optim.epochs * epoch_steps))
  schedule = optim.make_schedule(
    config.optim.schedule,
    decay=config.optim.decay,
    steps_per_epoch=epoch_steps,
    total_steps=total_steps,
    warmup_steps=config.optim.warmup_steps,
  )
  fields = network_fields(config, sources)
  network = Network(**fields, freeze_backbone=config.train.freeze_backbone)
  first, rates = config.optim.first_layer_rate, None
  if first != 1.0:
    rates = optim.layer_rates(backbone_layers(network, config.data.image_size), first)
  optimizer = optim.make_optimizer(
    config.optim.optimizer,
    schedule,
    lr_backbone=0.0 if config.train.freeze_backbone else config.optim.lr_backbone,
    lr_heads=config.optim.lr_heads,
    momentum=config.optim.momentum,
    weight_decay=config.optim.weight_decay,
    clip_norm=config.optim.clip_norm,
    layer_rates=rates,
  )
  count, longest = len(sources.train), max(map(len, sources.validation.values()), default=1)
  return Run(
    streams=sources,
    mesh=mesh,
    network_fields=fields,
    network=network,
    optimizer=optimizer,
    schedule=schedule,
    epoch_steps=epoch_steps,
    total_steps=total_steps,
    images=config.optim.batch_size * count,
    train_rows=sharding.padded_size(config.optim.batch_size, mesh, count),
    eval_rows=sharding.padded_size(min(config.train.eval_batch_size, longest), mesh),
  )


def _check_fields(config: ConfigDict) -> None:
  """Raises UserError for a value that no run can have."""
  values = flatten(config.to_dict())
  for field, choices in CHOICES.items():
    if values[field] not in choices:
      raise UserError(f"unknown {field} {values[field]!r}; one of {', '.join(choices)}.")
  for field, least in AT_LEAST.items():
    if values[field] < least:
      raise UserError(f"{field} is {values[field]}; it is {least} or more.")
  if config.data.left_out_fold >= config.data.folds:
    fold, folds = config.data.left_out_fold, config.data.folds
    raise UserError(f"data.left_out_fold is {fold}; it goes from 0 to {folds - 1}, or -1: none.")
  groups, rows = config.train.norm_groups, config.optim.batch_size
  if rows % groups:
    raise UserError(f"train.norm_groups={groups} does not divide optim.batch_size={rows}.")
  if not config.data.validation:
    for field, off in (("checkpoint.export", "last"), ("train.patience", 0)):
      if values[field] != off:
        raise UserError(
          f"{field}={values[field]!r} needs a validation split: add --config.data.validation=true."
        )


def network_fields(config: ConfigDict, sources: batches.Streams) -> dict[str, Any]:
  """Keyword arguments of models.network.Network for this config and these outputs."""
  fields = config.model.to_dict()
  for source in ("pretrained", "init_from", "init_parts"):
    del fields[source]
  fields["head_widths"] = tuple(fields["head_widths"])
  return {**fields, "num_buckets": len(sources.scale), "aux_names": sources.aux_names}


def backbone_layers(network: Network, size: int) -> tuple[str, ...]:
  """The backbone's parts in the order in which an image passes them."""
  found: dict[str, None] = {}

  def note(call, args, kwargs, context):
    path = context.module.path
    if len(path) == 2 and path[0] == "backbone":
      found.setdefault(path[1])
    return call(*args, **kwargs)

  image = jax.ShapeDtypeStruct((1, size, size, 3), np.uint8)
  with nn.intercept_methods(note):
    jax.eval_shape(network.init, jax.random.key(0), image)
  return tuple(found)
