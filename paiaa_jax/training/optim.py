"""SGD at two rates: the backbone's and the heads', both times one schedule in [0, 1].

The paper: rates 1e-5 and 1e-4, momentum 0.9, L2 1e-5 added to the gradient, x 0.9 each epoch.
Clipping comes before the L2 term, and the L2 term before the momentum, as in torch.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence

import jax.numpy as jnp
import optax

from paiaa_jax.errors import UserError
from paiaa_jax.types import Array


def make_schedule(
  name: str, *, decay: float, steps_per_epoch: int, total_steps: int, warmup_steps: int = 0
) -> Callable[[Array], Array]:
  """Step (int, from 0) -> the factor in [0, 1] on both rates.

  Args:
    name: "exponential" (x `decay` each epoch, in stairs), "cosine" (to 0 at the last step) or
      "constant".
    decay: factor an epoch, for "exponential".
    steps_per_epoch: steps.
    total_steps: steps.
    warmup_steps: the factor also rises linearly over the first ones; 0: off.

  Raises:
    UserError: for an unknown name, listing the known ones.
  """
  shapes = {
    "exponential": optax.exponential_decay(1.0, steps_per_epoch, decay, staircase=True),
    "cosine": optax.cosine_decay_schedule(1.0, total_steps),
    "constant": optax.constant_schedule(1.0),
  }
  shape = _choose(shapes, name, "optim.schedule")

  def schedule(step: Array) -> Array:
    rise = jnp.minimum((step + 1) / warmup_steps, 1.0) if warmup_steps else 1.0
    return shape(step) * rise

  return schedule


def make_optimizer(
  name: str,
  schedule: Callable[[Array], Array],
  *,
  lr_backbone: float,
  lr_heads: float,
  momentum: float = 0.9,
  weight_decay: float = 0.0,
  clip_norm: float = 0.0,
  layer_rates: Mapping[str, float] | None = None,
) -> optax.GradientTransformation:
  """The optimiser of parameters {"backbone": ..., every other name: a head}.

  Args:
    name: "sgd", "adam" or "adamw".
    schedule: step -> factor on both rates.
    lr_backbone, lr_heads: the rates at factor 1; a backbone of rate 0 stays as it is, and has no
      state.
    momentum: of SGD.
    weight_decay: L2 coefficient; added to the gradient of every parameter, biases and BN included.
      With "adamw" it is taken off the parameter at each step instead, times the rate.
    clip_norm: largest global norm of the gradient; 0: off.
    layer_rates: factor on lr_backbone, by part of the backbone (see `layer_rates`); None: all 1.

  Raises:
    UserError: for an unknown name, listing the known ones.
  """
  optimizers = {
    "sgd": lambda rate: optax.sgd(rate, momentum),
    "adam": optax.adam,
    "adamw": lambda rate: optax.adamw(rate, weight_decay=weight_decay),
  }
  build = _choose(optimizers, name, "optim.optimizer")
  by_group: dict[Hashable, optax.GradientTransformation] = {
    group: build(lambda step, rate=rate: rate * schedule(step))
    for group, rate in (("backbone", lr_backbone), ("heads", lr_heads))
  }
  if lr_backbone == 0:
    by_group["backbone"] = optax.set_to_zero()
  stages = [optax.clip_by_global_norm(clip_norm)] if clip_norm else []
  coupled = weight_decay and name != "adamw"
  stages += [optax.add_decayed_weights(weight_decay)] if coupled else []
  stages.append(optax.multi_transform(by_group, label_groups))
  stages += [_scale_layers(layer_rates)] if layer_rates else []
  return optax.chain(*stages)


def layer_rates(layers: Sequence[str], first: float) -> dict[str, float]:
  """Factors from `first`, of the first layer, to 1, of the last: a geometric sequence."""
  steps = max(len(layers) - 1, 1)
  return {layer: first ** (1 - i / steps) for i, layer in enumerate(layers)}


def _scale_layers(rates: Mapping[str, float]) -> optax.GradientTransformation:
  """Multiplies the updates of the backbone's parts; what is no layer goes with the first one."""
  first = min(rates.values())

  def scale(updates, params):
    del params
    backbone = {
      layer: optax.tree.scale(rates.get(layer, first), tree)
      for layer, tree in updates["backbone"].items()
    }
    return {**updates, "backbone": backbone}

  return optax.stateless(scale)


def label_groups(params: dict) -> dict[str, str]:
  """The optimiser group of each top-level part of the parameters: "backbone" or "heads"."""
  return {part: "backbone" if part == "backbone" else "heads" for part in params}


def _choose(choices: dict, name: str, field: str):
  if name not in choices:
    raise UserError(f"unknown {field} {name!r}; one of {', '.join(choices)}.")
  return choices[name]
