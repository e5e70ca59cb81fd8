"""The state a run starts from: heads drawn by the seed, the backbone from where the config says."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp
from ml_collections import ConfigDict

from paiaa_jax import files, rng
from paiaa_jax.errors import UserError
from paiaa_jax.models.network import Network
from paiaa_jax.models.weights import pretrained
from paiaa_jax.training import init_from, sharding
from paiaa_jax.training.setup import Run
from paiaa_jax.training.step import State, create_state


def initial_variables(run: Run, config: ConfigDict) -> dict[str, Any]:
  """The collections as numpy: heads drawn from config.seed, or model.init_from's; the backbone."""
  backbone = initial_backbone(run, config)
  others = draw(run.network, config.data.image_size, config.seed, backbone=False)
  if config.model.init_from and config.model.init_parts != "backbone":
    others = _from_former(run, config, "heads")
  return {
    kind: ({"backbone": backbone[kind]} if kind in backbone else {}) | heads
    for kind, heads in others.items()
  }


def initial_backbone(run: Run, config: ConfigDict) -> dict[str, Any]:
  """The backbone's {"params"} as numpy, and its "batch_stats" where it has any BN.

  model.pretrained is "none" (drawn from config.seed), "packaged", a file of ImageNet weights, the
  model/ folder of a run, or a run's workdir, of whose newest checkpoint the backbone is taken.
  Where model.init_from gives the backbone, it is read from there.

  Raises:
    UserError: where there are no weights, or those of another backbone.
  """
  if config.model.init_from and config.model.init_parts != "heads":
    return _of_backbone(_from_former(run, config, "backbone"))
  name, source = config.model.backbone, config.model.pretrained
  wanted = _of_backbone(abstract_variables(run, config))
  folder = Path(source).absolute()
  if source == "none":
    drawn = draw(run.network, config.data.image_size, config.seed, backbone=True)
    return _of_backbone(drawn)
  if (folder / "checkpoints").is_dir():
    weights = restore_backbone(folder / "checkpoints", wanted)
  elif folder.is_dir():
    former, _ = pretrained.load_model(folder)
    weights = _of_backbone(former)
  else:
    path = pretrained.packaged_path(name) if source == "packaged" else folder
    weights = pretrained.load(name, path, head=config.model.head_input == "logits")
  if jax.tree.map(np.shape, weights) != jax.tree.map(np.shape, wanted):
    raise UserError(f"model.pretrained={source!r} holds another backbone; check model.backbone.")
  return weights


def _from_former(run: Run, config: ConfigDict, parts: str) -> dict[str, Any]:
  """Collections of these parts of the model that model.init_from names."""
  wanted = abstract_variables(run, config)
  return init_from.read(config.model.init_from, parts, run.network_fields, wanted)


def _of_backbone(variables: dict[str, Any]) -> dict[str, Any]:
  """Those collections that the backbone has a part of, and that part."""
  return {kind: parts["backbone"] for kind, parts in variables.items() if "backbone" in parts}


def restore_backbone(folder: Path, like: dict[str, Any]) -> dict[str, Any]:
  """The backbone of the newest checkpoint of another run, heads and optimiser left unread.

  Args:
    folder: that run's checkpoints.
    like: collections of the backbone, leaves with shape and type.

  Raises:
    UserError: where the folder holds no checkpoint, or one of another backbone.
  """
  steps = [int(path.name) for path in folder.glob("*") if path.name.isdigit()]
  if not steps:
    raise UserError(f"no checkpoint in {folder}.")
  item = {part: {"backbone": leaves} for part, leaves in like.items()}
  newest = folder / str(max(steps)) / "state"
  with (
    files.reading(newest, "a state with this backbone", ValueError, KeyError),
    ocp.Checkpointer(ocp.PyTreeCheckpointHandler()) as checkpointer,
  ):
    restored = checkpointer.restore(
      newest,
      args=ocp.args.PyTreeRestore(
        item=item,
        restore_args=jax.tree.map(lambda x: ocp.RestoreArgs(restore_type=np.ndarray), item),
        partial_restore=True,
      ),
    )
  return {part: restored[part]["backbone"] for part in like}


def draw(network: Network, size: int, seed: int, *, backbone: bool) -> dict[str, Any]:
  """First variables of the backbone alone, or of all parts but the backbone, as numpy.

  Args:
    network: whose.
    size: pixels of a side of its input.
    seed: of the run.
    backbone: which of the two.
  """
  return jax.device_get(_draw_program(network, size, backbone)(rng.key(seed, "init")))


@functools.lru_cache(maxsize=8)  # the runs of a process that share a network share it
def _draw_program(network: Network, size: int, backbone: bool) -> Callable:
  """key -> variables; XLA drops what is not asked for, and with it most of the time."""
  image = np.zeros((1, size, size, 3), np.uint8)

  @jax.jit
  def draw(key):
    return {
      kind: {part: leaves for part, leaves in tree.items() if (part == "backbone") == backbone}
      for kind, tree in network.init(key, image).items()
    }

  return draw


def abstract_variables(run: Run, config: ConfigDict) -> dict[str, Any]:
  """Shapes and types of the network's variables, without computing any of them."""
  return _shapes(run.network, config.data.image_size)


@functools.lru_cache(maxsize=1)  # a trace of the whole network, and asked for three times a run
def _shapes(network: Network, size: int) -> dict[str, Any]:
  image = jax.ShapeDtypeStruct((1, size, size, 3), np.uint8)
  return jax.eval_shape(network.init, jax.random.key(0), image)


def abstract_state(run: Run, config: ConfigDict) -> State:
  """Shape, type and sharding of each leaf of the state."""

  def create(variables):
    return create_state(variables, run.optimizer, ema=config.optim.ema > 0, seed=config.seed)

  state = jax.eval_shape(create, abstract_variables(run, config))
  return sharding.abstract(state, run.mesh)


def initial_state(run: Run, config: ConfigDict, abstract: State) -> State:
  """The state at step 0, on the devices."""
  create = jax.jit(
    lambda variables: create_state(
      variables, run.optimizer, ema=config.optim.ema > 0, seed=config.seed
    ),
    out_shardings=sharding.state_sharding(abstract, run.mesh),
  )
  return create(initial_variables(run, config))
