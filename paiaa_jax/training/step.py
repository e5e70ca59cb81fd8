"""One training step, one evaluation step: pure functions of (state, batch), jitted by sharding.py.

A joint batch [2K, ...] interleaves the streams, aesthetics then auxiliary row by row, so that a
row keeps its place (and its dropout mask) however many processes and devices share the batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from paiaa_jax import losses, rng
from paiaa_jax.types import Array, Batch, Prediction

TASKS = {  # train.tasks -> the streams of a batch, in order
  "joint": ("aesthetics", "auxiliary"),
  "aesthetics": ("aesthetics",),
  "auxiliary": ("auxiliary",),
}
NOTHING: Any = ()  # in place of an array that is not to be kept: a tree without leaves


class State(NamedTuple):
  """All that a step changes.

  Attributes:
    step: [] int32, steps done; it is the data iterators' state too.
    seed: [] int32, of dropout; here, so that runs of other seeds are the same program.
    params: {"backbone", "aesthetics", "auxiliary"} -> float32 leaves.
    batch_stats: BN's running statistics, of those parts that have a BN.
    opt_state: the optimiser's.
    ema: moving average of params, or {} where it is off.
  """

  step: Array
  seed: Array
  params: Any
  batch_stats: Any
  opt_state: Any
  ema: Any


def create_state(
  variables: dict, optimizer: optax.GradientTransformation, *, ema: bool, seed: int
) -> State:
  """The state at step 0 of a network's variables {"params"}, and "batch_stats" where it has BN."""
  params = variables["params"]
  return State(
    step=jnp.zeros((), jnp.int32),
    seed=jnp.asarray(seed, jnp.int32),
    params=params,
    batch_stats=variables.get("batch_stats", {}),
    opt_state=optimizer.init(params),
    ema=jax.tree.map(jnp.copy, params) if ema else {},
  )


def eval_params(state: State):
  """The parameters to evaluate and to keep: the moving average where there is one."""
  return state.ema or state.params


def make_train_step(
  network: nn.Module,
  optimizer: optax.GradientTransformation,
  *,
  tasks: str = "joint",
  gamma: float = 1.0,
  distribution_loss: str = "mse",
  batch_norm: str = "concatenated",
  norm_groups: int = 1,
  ema: float = 0.0,
) -> Callable[[State, Batch], tuple[State, dict[str, Array]]]:
  """A step that minimises L = L_a + gamma L_p (Eq. 8), means over the images with the label.

  Args:
    network: models.network.Network, or a module of the same call.
    optimizer: optim.make_optimizer's.
    tasks: "joint", or "aesthetics" (L_a alone) or "auxiliary" (L_p alone).
    gamma: weight of L_p in the joint loss.
    distribution_loss: a key of losses.DISTRIBUTION_LOSSES.
    batch_norm: "concatenated", one forward pass and one set of statistics over both streams, or
      "separate": one pass a stream, running statistics threaded through both.
    norm_groups: groups of neighbouring rows, each normalised by its own statistics; 1: all rows. It
      divides the rows of a stream, so that each group holds every stream alike.
    ema: decay a step of the weights' moving average; 0: off.

  Returns:
    (state, batch) -> (next state, scalars loss, loss_aesthetics, loss_auxiliary, grad_norm).
  """
  weights = {"joint": (1.0, gamma), "aesthetics": (1.0, 0.0), "auxiliary": (0.0, 1.0)}[tasks]
  passes = len(TASKS[tasks]) if batch_norm == "separate" else 1

  def train_step(state: State, batch: Batch) -> tuple[State, dict[str, Array]]:
    dropout = rng.key(state.seed, "dropout", state.step)

    def objective(params):
      prediction, batch_stats = forward(
        network, params, state.batch_stats, batch.image, dropout, passes, norm_groups
      )
      terms = loss_terms(prediction, batch, distribution_loss)
      total = weights[0] * terms[0] + weights[1] * terms[1]
      return total, (batch_stats, terms)

    grads, (batch_stats, terms) = jax.grad(objective, has_aux=True)(state.params)
    updates, opt_state = optimizer.update(grads, state.opt_state, state.params)
    params = optax.apply_updates(state.params, updates)
    average = optax.incremental_update(params, state.ema, 1.0 - ema) if ema else state.ema
    metrics = {
      "loss": weights[0] * terms[0] + weights[1] * terms[1],
      "loss_aesthetics": terms[0],
      "loss_auxiliary": terms[1],
      "grad_norm": optax.tree.norm(grads),
    }
    return State(state.step + 1, state.seed, params, batch_stats, opt_state, average), metrics

  return train_step


def loss_terms(prediction: Prediction, batch: Batch, distribution_loss: str) -> tuple[Array, Array]:
  """(L_a, L_p), scalars: Eq. 2 (or the EMD) and Eq. 5, over the rows that have the label."""
  loss = losses.DISTRIBUTION_LOSSES[distribution_loss]
  by_image = loss(prediction.distribution, batch.distribution)
  aux_by_image = losses.aux_mse(prediction.aux, batch.aux)
  return (
    losses.masked_mean(by_image, batch.has_distribution),
    losses.masked_mean(aux_by_image, batch.has_aux),
  )


def forward(
  network: nn.Module,
  params: Any,
  batch_stats: Any,
  image: Array,
  dropout: Array,
  passes: int = 1,
  norm_groups: int = 1,
) -> tuple[Prediction, Any]:
  """Training-mode prediction for image [n, h, w, 3], and the running statistics after it.

  In `passes` passes of every passes-th row, each in `norm_groups` groups of neighbouring rows.
  """

  def apply(batch_stats, image, dropout):
    prediction, changed = network.apply(
      {"params": params, "batch_stats": batch_stats},
      image,
      train=True,
      mutable=["batch_stats"],
      rngs={"dropout": dropout},
    )
    return prediction, changed.get("batch_stats", batch_stats)

  predictions = []
  for i in range(passes):
    rows, key = image[i::passes], jax.random.fold_in(dropout, i)
    if norm_groups == 1:
      prediction, batch_stats = apply(batch_stats, rows, key)
    else:
      prediction, batch_stats = _by_group(apply, norm_groups, batch_stats, rows, key)
    predictions.append(prediction)
  return jax.tree.map(lambda *rows: _interleave(rows), *predictions), batch_stats


def _by_group(apply, groups, batch_stats, image, dropout) -> tuple[Prediction, Any]:
  """`apply` to each group of neighbouring rows; running statistics are the mean of the groups'."""

  def of_group(image, dropout):
    prediction, after = apply(batch_stats, image, dropout)
    return prediction, jax.tree.map(jnp.subtract, after, batch_stats)

  parts = image.reshape(groups, -1, *image.shape[1:])
  predictions, changes = jax.vmap(of_group)(parts, jax.random.split(dropout, groups))
  # by their changes, so that a frozen backbone's stay the same to the bit
  mean = jax.tree.map(lambda old, change: old + jnp.mean(change, 0), batch_stats, changes)
  return jax.tree.map(lambda rows: rows.reshape(-1, *rows.shape[2:]), predictions), mean


def _interleave(passes: tuple[Array, ...]) -> Array:
  """Arrays [m, ...] of equal shape -> [len(passes) m, ...]: all first rows, all second rows, ..."""
  return jnp.stack(passes, axis=1).reshape(-1, *passes[0].shape[1:])


def make_eval_step(network: nn.Module) -> Callable[[Any, Any, Batch], tuple[Prediction, Batch]]:
  """(params, batch_stats, batch) -> its prediction and its labels, without images and features."""
  apply = cast(Callable[..., Prediction], network.apply)

  def eval_step(params, batch_stats, batch: Batch) -> tuple[Prediction, Batch]:
    variables = {"params": params, "batch_stats": batch_stats}
    prediction = apply(variables, batch.image, train=False)
    return prediction._replace(features=NOTHING), batch._replace(image=NOTHING)

  return eval_step
