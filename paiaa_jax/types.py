"""What flows between the rooms: a batch of images with labels in, a prediction out.

Shapes: n images, b score buckets, k auxiliary outputs (five traits by default), d features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
  import jax
  import numpy as np

  Array = jax.Array | np.ndarray  # on the device or on the host
else:
  Array = Any

TRAITS = ("openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism")
LABELS = ("distribution", "aux", "has_distribution", "has_aux")  # of a Batch and of a record


class Batch(NamedTuple):
  """Images and whatever labels they have; an absent label is zeros under a mask of 0.

  Attributes:
    image: [n, h, w, 3] uint8, RGB; normalised by the network, on the device.
    distribution: [n, b] float32, counts of each score divided by their sum.
    aux: [n, k] float32, traits in [-1, 1] or any other auxiliary targets.
    has_distribution: [n] float32, 1 where `distribution` exists; in training, the example's weight
      there, whose mean over the source is 1.
    has_aux: [n] float32, 1 where `aux` exists.
    index: [n] int32, row in its source; -1 marks padding, which has no labels.
  """

  image: Array
  distribution: Array
  aux: Array
  has_distribution: Array
  has_aux: Array
  index: Array


class Prediction(NamedTuple):
  """What the network says of n images.

  Attributes:
    distribution: [n, b] float32, sums to 1 over the buckets (Eq. 1).
    aux: [n, k] float32, traits in [-1, 1] (Eq. 4), or a distribution where the task is one.
    features: [n, d] float32, the pooled vector both heads read.
  """

  distribution: Array
  aux: Array
  features: Array
