"""What the default model's heads are fitted to, and the settings of that fit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from paiaa_jax.models import frozen_heads
from paiaa_jax.models.frozen_heads import Heads
from studies.default_model.copies import DAMAGES, lower

COPIED = 64  # photographs whose copies a model learns from
FRAME_WEIGHT = 0.03  # of a uniform frame, where a photograph has 1
SCALE = np.arange(1.0, 8.0)


class Inputs(NamedTuple):
  """The photographs, their degraded copies and uniform frames.

  Attributes:
    names: [n] file names.
    features, shares, norms: of the photographs: [n, d], [n, 7], [n, 2] (valence, arousal, [-1, 1]).
    order: [o] photographs that have copies, in the order of the draw.
    copies: [o * len(DAMAGES), d] features; those of one photograph stand together.
    frames: [f, d] features.
  """

  names: np.ndarray
  features: np.ndarray
  shares: np.ndarray
  norms: np.ndarray
  order: np.ndarray
  copies: np.ndarray
  frames: np.ndarray


def part(inputs: Inputs, kept: np.ndarray) -> Inputs:
  """The photographs where kept [n] is True, and their copies."""
  copies = inputs.copies.reshape(len(inputs.order), -1, inputs.copies.shape[1])
  number, copied = np.cumsum(kept) - 1, kept[inputs.order]
  return Inputs(
    names=inputs.names[kept],
    features=inputs.features[kept],
    shares=inputs.shares[kept],
    norms=inputs.norms[kept],
    order=number[inputs.order[copied]],
    copies=copies[copied].reshape(-1, inputs.copies.shape[1]),
    frames=inputs.frames,
  )


def fit(inputs: Inputs, train: np.ndarray, technique: bool = True) -> Heads:
  """Heads fitted to the photographs where train [n] is True.

  With `technique`, they are also fitted to copies of the first COPIED of them in the order of the
  draw, scored lower than their photograph, and to uniform frames, which get the lowest score. The
  coordinates then come from photographs and copies, so that they show what damage changes.
  """
  features, shares, norms = (
    x[train] for x in (inputs.features, inputs.shares, inputs.norms.astype(float))
  )
  if not technique:
    return frozen_heads.fit(frozen_heads.projection(features), features, shares, norms)
  place = np.flatnonzero(train[inputs.order])[:COPIED]
  kinds = len(DAMAGES)
  copies = inputs.copies.reshape(-1, kinds, inputs.copies.shape[1])[place]
  lowered = np.stack([lower(inputs.shares[inputs.order[place]], d.points) for d in DAMAGES], axis=1)
  flat = copies.reshape(len(place) * kinds, -1)
  heads = frozen_heads.projection(np.concatenate([features, flat]))
  extra = frozen_heads.Extra(
    np.concatenate([flat, inputs.frames]),
    np.concatenate([lowered.reshape(len(flat), -1), np.eye(7)[np.zeros(len(inputs.frames), int)]]),
    np.concatenate(
      [np.tile([d.weight for d in DAMAGES], len(place)), np.full(len(inputs.frames), FRAME_WEIGHT)]
    ),
  )
  return frozen_heads.fit(heads, features, shares, norms, extra)


def scores(heads: Heads, features: np.ndarray) -> np.ndarray:
  """Features [n, d] -> mean scores [n], 1..7, as the model's network gives them."""
  return frozen_heads.distributions(heads, features, len(SCALE)) @ SCALE
