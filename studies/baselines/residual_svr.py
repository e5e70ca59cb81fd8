"""Support vector regression of a user's residual: what PAM does, on our features or our traits.

The paper's (Ren, Shen, Lin, Mech, Foran, "Personalized image aesthetics", ICCV 2017): a user's
rating is the generic score and an offset of their own; a support vector regression with an RBF
kernel learns the offset from the user's few ratings, from content, attributes, or both.

Ours: their attributes come from a network trained on AADB, their content from one of its own;
neither can be had here, so no row is called PAM. Content is our pooled features and attributes are
the auxiliary outputs (five traits), from the network whose generic score it is. `both` puts them
side by side, each scaled to the same mean squared norm: 2,048 features would drown five traits. The
settings are scikit-learn's defaults.
"""

from __future__ import annotations

import numpy as np

from paiaa_jax.types import Array
from studies.baselines import support_vectors
from studies.baselines.inputs import Photos, Shots


def on_features(photos: Photos, shots: Shots) -> np.ndarray:
  """Content: the pooled features."""
  return _personal(photos.features, photos, shots)


def on_traits(photos: Photos, shots: Shots) -> np.ndarray:
  """Attributes: the auxiliary outputs."""
  return _personal(photos.images.outputs, photos, shots)


def on_both(photos: Photos, shots: Shots) -> np.ndarray:
  """Both, side by side."""
  return _personal(np.concatenate([photos.features, photos.images.outputs], axis=1), photos, shots)


def _personal(rows: Array, photos: Photos, shots: Shots) -> np.ndarray:
  scores = []
  for photo, place, rating in zip(shots.row, shots.place, shots.rating, strict=True):
    generic = np.asarray(photos.images.generic, np.float64)[photo]
    own, residual = np.asarray(rows[photo]), rating - generic[place]
    scores.append(generic[:, None] + support_vectors.fit_predict(own, place, residual))
  return np.stack(scores)
