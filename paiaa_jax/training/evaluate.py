"""Metrics of a split, every image counted exactly once: padding of the last batch is masked.

Predictions of all batches are gathered first: a rank correlation is no mean over batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh
from ml_collections import ConfigDict

from paiaa_jax import losses, metrics
from paiaa_jax.distribution import mean_score
from paiaa_jax.models import late
from paiaa_jax.training import batches, sharding
from paiaa_jax.training.programs import Programs
from paiaa_jax.training.setup import Run
from paiaa_jax.training.step import State, eval_params, make_eval_step
from paiaa_jax.types import Array, Batch, Prediction


class Evaluator:
  """Metrics of a state on the run's validation splits; its step compiles once."""

  def __init__(self, run: Run, config: ConfigDict, state: State, programs: Programs):
    self._run, self._config = run, config
    weights = eval_params(state), state.batch_stats
    self._eval_step = programs.eval_step(
      run, lambda: sharding.jit_eval_step(make_eval_step(run.network), *weights, run.mesh)
    )

  def __call__(self, state: State) -> dict[str, float]:
    """Each validation split's metrics, by the names of score_aesthetics and score_auxiliary."""
    results = {}
    for stream in self._run.streams.validation:
      rows = batches.eval_batches(self._run.streams, stream, self._config, self._run.eval_rows)
      prediction, labels = predict(
        self._eval_step, eval_params(state), state.batch_stats, rows, self._run.mesh
      )
      if stream == "aesthetics":
        means = self._run.streams.validation[stream].mean_score[labels.index]
        results |= score_aesthetics(
          prediction, labels, self._run.streams.scale, self._config.train.distribution_loss, means
        )
      else:
        results |= score_auxiliary(prediction, labels, self._run.streams.aux_names)
    return results


def metric_names(sources: batches.Streams) -> tuple[str, ...]:
  """What an Evaluator measures on these validation splits."""
  by_stream = {
    "aesthetics": ("loss_aesthetics", "srcc", "plcc", "rmse", "acc", "emd"),
    "auxiliary": ("loss_auxiliary", "srcc_aux", *(f"srcc_{name}" for name in sources.aux_names)),
  }
  return tuple(name for stream in sources.validation for name in by_stream[stream])


def predict(
  eval_step: Callable, params: Any, batch_stats: Any, batches: Iterable[Batch], mesh: Mesh
) -> tuple[Prediction, Batch]:
  """Predictions and labels of all images of a split as numpy, in order; alike on every process.

  Args:
    eval_step: sharding.jit_eval_step's.
    params, batch_stats: of the network, on the devices.
    batches: this process's rows of each batch; as many batches on every process.
    mesh: sharding.make_mesh's.
  """
  started = (eval_step(params, batch_stats, sharding.put_batch(batch, mesh)) for batch in batches)
  results = list(late.fetch(started))
  prediction, labels = jax.tree.map(lambda *rows: np.concatenate(rows), *results)
  order = np.argsort(labels.index, kind="stable")
  real = order[labels.index[order] >= 0]
  return jax.tree.map(lambda rows: rows[real], (prediction, labels))


def score_aesthetics(
  prediction: Prediction,
  labels: Batch,
  scale: Sequence[float],
  distribution_loss: str = "mse",
  means: Array | None = None,
) -> dict[str, float]:
  """loss_aesthetics, srcc, plcc, rmse, acc, emd over the images that have a distribution.

  Scores are on `scale`, the score of each bucket; acc's threshold is metrics.high_above. `means`
  are the raters' [n], as data.records.Source has them; None: those of the labels' float32 shares.
  """
  mask = labels.has_distribution
  distributions = prediction.distribution, labels.distribution
  predicted = mean_score(prediction.distribution, scale)
  target = np.asarray(mean_score(labels.distribution, scale) if means is None else means)
  target = np.where(mask > 0, target, 0).astype(np.float32)
  by_image = losses.DISTRIBUTION_LOSSES[distribution_loss](*distributions)
  results = {
    "loss_aesthetics": losses.masked_mean(by_image, mask),
    "srcc": metrics.srcc(predicted, target, mask),
    "plcc": metrics.plcc(predicted, target, mask),
    "rmse": metrics.rmse(predicted, target, mask),
    "acc": metrics.acc(predicted, target, mask, threshold=metrics.high_above(scale)),
    "emd": metrics.emd(*distributions, mask),
  }
  return {name: float(value) for name, value in results.items()}


def score_auxiliary(
  prediction: Prediction, labels: Batch, aux_names: Sequence[str]
) -> dict[str, float]:
  """loss_auxiliary, srcc_<name> of each output, and srcc_aux, the mean of the defined ones."""
  mask = labels.has_aux
  by_name = {
    f"srcc_{name}": float(metrics.srcc(prediction.aux[:, i], labels.aux[:, i], mask))
    for i, name in enumerate(aux_names)
  }
  defined = [value for value in by_name.values() if np.isfinite(value)]
  loss = losses.masked_mean(losses.aux_mse(prediction.aux, labels.aux), mask)
  mean = float(np.mean(defined)) if defined else float("nan")
  return {"loss_auxiliary": float(loss), **by_name, "srcc_aux": mean}
