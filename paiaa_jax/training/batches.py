"""The prepared folders of a run, and its batches: a joint batch interleaves two streams row by row.

Both streams must agree on widths: scores over b buckets, k auxiliary outputs. A label that a
source lacks, or has on another scale, is zeros under a mask of 0.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import numpy as np
from ml_collections import ConfigDict

from paiaa_jax import metrics
from paiaa_jax.data import folds, pipeline, records
from paiaa_jax.errors import UserError
from paiaa_jax.training.step import TASKS
from paiaa_jax.types import TRAITS, Array, Batch


class Streams(NamedTuple):
  """What a run reads.

  Attributes:
    train: source by stream, "aesthetics" before "auxiliary"; the streams of the run's tasks.
    validation: the same for the validation split; a stream without one is left out.
    scale: the score of each of the b buckets.
    aux_names: the k auxiliary outputs.
  """

  train: dict[str, records.Source]
  validation: dict[str, records.Source]
  scale: tuple[float, ...]
  aux_names: tuple[str, ...]


def open_streams(config: ConfigDict) -> Streams:
  """Opens the folders that config.data names and config.train.tasks needs.

  Raises:
    UserError: where a folder that the tasks need is not named, or a named one is not prepared.
  """
  tasks = config.train.tasks
  for stream in TASKS[tasks]:
    if not config.data[stream]:
      raise UserError(
        f"train.tasks={tasks!r} needs data.{stream}: name a folder made by launch.prepare_data, "
        f"--config.data.{stream}=FOLDER{_without(stream) if tasks == 'joint' else ''}."
      )
  named = [stream for stream in TASKS["joint"] if config.data[stream]]
  splits = ("train",) if config.data.validation else ("train", "validation")
  train = {stream: records.open_splits(config.data[stream], splits) for stream in named}
  if config.data.left_out_fold >= 0 and "aesthetics" in train:
    of = folds.fold_of_images(config.data.aesthetics, config.data.folds)
    own = [of[name] != config.data.left_out_fold for name in train["aesthetics"].names]
    train["aesthetics"] = train["aesthetics"].subset(np.array(own))
  scale, aux_names = _outputs(train, config.data.auxiliary_target)
  held_out = TASKS[tasks] if config.data.validation else ()
  validation = {s: records.open_split(config.data[s], "validation") for s in held_out}
  return Streams(
    train={stream: train[stream] for stream in TASKS[tasks]},
    validation={stream: source for stream, source in validation.items() if len(source)},
    scale=scale,
    aux_names=aux_names,
  )


def _without(stream: str) -> str:
  """How a joint run does without one of its streams."""
  (other,) = set(TASKS["joint"]) - {stream}
  return f", or train {other} alone, --config.train.tasks={other}"


def _outputs(sources: dict[str, records.Source], target: str) -> tuple[tuple, tuple]:
  """(score of each bucket, names of the auxiliary outputs) that the heads have."""
  scales = [tuple(source.manifest["scale"]) for source in sources.values()]
  scale = next((s for s in scales if s), (1.0, 2.0, 3.0, 4.0, 5.0))
  if "auxiliary" not in sources:
    return scale, TRAITS
  manifest = sources["auxiliary"].manifest
  if target == "distribution":
    return scale, tuple(f"bucket_{score:g}" for score in manifest["scale"])
  return scale, tuple(manifest["aux_names"])


def epoch_steps(streams: Streams, config: ConfigDict) -> int:
  """Steps of one pass over the first stream: N_a / K in a joint run."""
  first = next(iter(streams.train.values()))
  return max(1, len(first) // config.optim.batch_size)


def train_batches(
  streams: Streams, config: ConfigDict, first_step: int, rows: int
) -> Generator[Batch]:
  """This process's rows of each step's batch, from `first_step` on, without end.

  A step has `rows` rows a stream over all processes; those past optim.batch_size are padding. A
  pure function of the config, the step and the process: nothing else need be saved to resume.
  Close the iterator to end its threads, and the processes of data.decoders.
  """
  drawn = []
  for name, source in streams.train.items():
    weights = example_weights(source, config.train.weigh_by, name)
    groups = sampling_groups(source, config.data.sampling)
    draws = pipeline.Draws(config.data.image_size, config.data.resize, config.data.flip, groups)
    drawn.append(pipeline.Stream(_labelled(name, source, streams, config, weights), draws, name))
  return pipeline.train_batches(
    drawn,
    batch_size=config.optim.batch_size,
    seed=config.seed,
    first_step=first_step,
    process=_process(config)._replace(decoders=config.data.decoders),
    padded_size=rows,
  )


def sampling_groups(source: records.Source, sampling: str) -> np.ndarray | None:
  """The group of each image [n] by its mean score; None, all alike, where there are no scores.

  "scores" takes the nearest score of the scale, "classes" what is high and what is low by
  metrics.high_above.
  """
  scored = source.has_distribution > 0
  if sampling == "uniform" or not scored.all():
    return None
  scale = source.manifest["scale"]
  if sampling == "classes":
    return (source.mean_score > metrics.high_above(scale)).astype(int)
  return np.abs(source.mean_score[:, None] - np.asarray(scale)).argmin(axis=1)


def example_weights(source: records.Source, weigh_by: str, stream: str) -> Array | None:
  """Weight of each image [n] in L_a, mean 1; None where all weigh 1.

  Raises:
    UserError: "raters", whose number the folder does not tell.
  """
  scored = source.has_distribution > 0
  if weigh_by == "none" or not scored.any():
    return None
  if not np.isfinite(source.raters[scored]).all():
    raise UserError(
      f"train.weigh_by={weigh_by!r}: data.{stream} does not tell the number of raters; prepare it "
      "again."
    )
  return np.where(scored, source.raters / source.raters[scored].mean(), 0).astype(np.float32)


def batch_shapes(streams: Streams, config: ConfigDict, rows: int) -> Batch:
  """Shapes and types of a training batch over all processes, of `rows` rows a stream."""
  n, size = rows * len(streams.train), config.data.image_size
  leaves: dict[str, Any] = {
    "image": jax.ShapeDtypeStruct((n, size, size, 3), np.uint8),
    "distribution": jax.ShapeDtypeStruct((n, len(streams.scale)), np.float32),
    "aux": jax.ShapeDtypeStruct((n, len(streams.aux_names)), np.float32),
    "has_distribution": jax.ShapeDtypeStruct((n,), np.float32),
    "has_aux": jax.ShapeDtypeStruct((n,), np.float32),
    "index": jax.ShapeDtypeStruct((n,), np.int32),
  }
  return Batch(**leaves)


def image_names(streams: Streams, index: Array) -> list[str]:
  """The image keys of a training batch's rows [n], from its `index`; padding has none."""
  sources = list(streams.train.values())
  return [sources[i % len(sources)].names[row] for i, row in enumerate(index) if row >= 0]


def eval_batches(streams: Streams, stream: str, config: ConfigDict, rows: int) -> Generator[Batch]:
  """This process's rows of each batch of a stream's validation split, padded with index -1.

  A batch has `rows` rows over all processes.
  """
  return pipeline.eval_batches(
    _labelled(stream, streams.validation[stream], streams, config),
    batch_size=rows,
    image_size=config.data.image_size,
    process=_process(config),
  )


def _process(config: ConfigDict) -> pipeline.Process:
  return pipeline.Process(jax.process_index(), jax.process_count(), config.data.workers)


@dataclass(frozen=True)
class _Labelled:
  """A source whose records have these labels instead of their own, each [n, ...] by row."""

  source: records.Source
  labels: dict[str, Array]

  def __len__(self) -> int:
    return len(self.source)

  def __getitem__(self, index: int) -> dict:
    return self.source[index] | {name: values[index] for name, values in self.labels.items()}


def _labelled(
  stream: str,
  source: records.Source,
  streams: Streams,
  config: ConfigDict,
  weights: Array | None = None,
) -> _Labelled:
  """A stream's source with labels as wide as the heads; those on another scale are masked.

  `weights` [n] multiply the mask of the distributions.
  """
  n = len(source)
  absent = np.zeros(n, np.float32)
  scores = (source.distribution, source.has_distribution)
  aux = (source.aux, source.has_aux)
  if config.data.auxiliary_target == "distribution":  # MT_IAA: the partner's scores are the target
    aux = scores if stream == "auxiliary" else (None, absent)
    scores = scores if stream == "aesthetics" else (None, absent)
  elif tuple(source.manifest["aux_names"]) != streams.aux_names:
    aux = (None, absent)
  if tuple(source.manifest["scale"]) != streams.scale:
    scores = (None, absent)
  labels = {
    "distribution": _or_zeros(scores[0], n, len(streams.scale)),
    "has_distribution": scores[1] if weights is None else scores[1] * weights,
    "aux": _or_zeros(aux[0], n, len(streams.aux_names)),
    "has_aux": aux[1],
  }
  return _Labelled(source, labels)


def _or_zeros(labels: Array | None, n: int, width: int) -> Array:
  return np.zeros((n, width), np.float32) if labels is None else labels
