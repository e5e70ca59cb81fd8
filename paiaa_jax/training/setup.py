"""A config -> the run's parts: streams, mesh, network, optimiser, the state it starts from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import optax
from jax.sharding import Mesh
from ml_collections import ConfigDict

from paiaa_jax import losses, rng
from paiaa_jax.models import pretrained
from paiaa_jax.models.network import Network
from paiaa_jax.training import optim, parallel, streams
from paiaa_jax.training.step import TASKS, State, create_state

CHOICES = {
  "train.tasks": tuple(TASKS),
  "train.distribution_loss": tuple(losses.DISTRIBUTION_LOSSES),
  "train.batch_norm": ("concatenated", "separate"),
  "data.auxiliary_target": ("aux", "distribution"),
  "checkpoint.export": ("last", "best"),
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
  """

  streams: streams.Streams
  mesh: Mesh
  network_fields: dict[str, Any]
  network: Network
  optimizer: optax.GradientTransformation
  schedule: Callable
  epoch_steps: int
  total_steps: int


def prepare(config: ConfigDict) -> Run:
  """Opens the data and builds the parts.

  Raises:
    ValueError, FileNotFoundError: for a config that cannot be run, saying which field to mend.
  """
  _check_choices(config)
  sources = streams.open_streams(config)
  mesh = parallel.make_mesh(config.train.fsdp)
  images = config.optim.batch_size * len(TASKS[config.train.tasks])
  parallel.check_divisible(images, mesh, f"optim.batch_size={config.optim.batch_size}")
  parallel.check_divisible(config.train.eval_batch_size, mesh, "train.eval_batch_size")
  epoch_steps = streams.epoch_steps(sources, config)
  total_steps = config.optim.steps or max(1, round(config.optim.epochs * epoch_steps))
  schedule = optim.make_schedule(
    config.optim.schedule,
    decay=config.optim.decay,
    steps_per_epoch=epoch_steps,
    total_steps=total_steps,
    warmup_steps=config.optim.warmup_steps,
  )
  optimizer = optim.make_optimizer(
    config.optim.optimizer,
    schedule,
    lr_backbone=config.optim.lr_backbone,
    lr_heads=config.optim.lr_heads,
    momentum=config.optim.momentum,
    weight_decay=config.optim.weight_decay,
    clip_norm=config.optim.clip_norm,
  )
  fields = network_fields(config, sources)
  network = Network(**fields)
  return Run(sources, mesh, fields, network, optimizer, schedule, epoch_steps, total_steps)


def _check_choices(config: ConfigDict) -> None:
  for field, choices in CHOICES.items():
    room, name = field.split(".")
    if config[room][name] not in choices:
      raise ValueError(f"unknown {field} {config[room][name]!r}; one of {', '.join(choices)}.")


def network_fields(config: ConfigDict, sources: streams.Streams) -> dict[str, Any]:
  """Keyword arguments of models.network.Network for this config and these outputs."""
  fields = config.model.to_dict()
  del fields["pretrained"]
  fields["head_widths"] = tuple(fields["head_widths"])
  return {**fields, "num_buckets": len(sources.scale), "aux_names": sources.aux_names}


def initial_variables(run: Run, config: ConfigDict) -> dict[str, Any]:
  """{"params", "batch_stats"} as numpy: drawn from config.seed, the backbone from model.pretrained.

  model.pretrained is "none", "packaged", a file of ImageNet weights, or the model/ folder of a
  finished run, of which the backbone is taken.
  """
  size = config.data.image_size
  init = jax.jit(lambda key: run.network.init(key, np.zeros((1, size, size, 3), np.uint8)))
  variables = jax.device_get(init(rng.key(config.seed, "init")))
  name, source = config.model.backbone, config.model.pretrained
  if source == "none":
    return variables
  if (Path(source) / "config.json").exists():
    former, _ = pretrained.load_model(source)
    weights = {part: former[part]["backbone"] for part in variables}
  else:
    path = pretrained.packaged_path(name) if source == "packaged" else Path(source)
    weights = pretrained.load(name, path, head=config.model.head_input == "logits")
  for part, leaves in weights.items():
    _check_same_tree(variables[part]["backbone"], leaves, source)
    variables[part]["backbone"] = leaves
  return variables


def _check_same_tree(wanted: dict, given: dict, source: str) -> None:
  shapes = [jax.tree.map(np.shape, tree) for tree in (wanted, given)]
  if shapes[0] != shapes[1]:
    raise ValueError(
      f"model.pretrained={source!r} does not hold this backbone's weights; check model.backbone."
    )


def abstract_state(run: Run, config: ConfigDict) -> State:
  """Shape, type and sharding of the state, without computing any of it."""
  size = config.data.image_size
  image = jax.ShapeDtypeStruct((1, size, size, 3), np.uint8)

  def build(key, image):
    return create_state(run.network.init(key, image), run.optimizer, ema=config.optim.ema > 0)

  return parallel.abstract(jax.eval_shape(build, jax.random.key(0), image), run.mesh)


def initial_state(run: Run, config: ConfigDict, abstract: State) -> State:
  """The state at step 0, on the devices."""
  create = jax.jit(
    lambda variables: create_state(variables, run.optimizer, ema=config.optim.ema > 0),
    out_shardings=parallel.state_sharding(abstract, run.mesh),
  )
  return create(initial_variables(run, config))
