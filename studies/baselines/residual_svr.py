"""Support vector regression of a user's residual, as PAM, on our features or traits.

The paper's (Ren, Shen, Lin, Mech, Foran, "Personalized image aesthetics", ICCV 2017): a user's
rating is the generic score and an offset of their own; a support vector regression with an RBF
kernel learns the offset from the user's few ratings, from content, attributes, or both.

Here: their attributes come from a network trained on AADB, their content from another network;
neither is available, so no row is called PAM. Content is our pooled features and attributes are the
auxiliary outputs (five traits), of the network that gives the generic score. `both` puts them side
by side, each scaled to the same mean squared norm, as 2,048 features would outweigh five traits.
The settings are scikit-learn's defaults.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from paiaa_jax.types import Array
from studies.baselines import support_vectors
from studies.baselines.inputs import Baseline, Photos, Shots, user_by_user


def _personal(columns: Callable[[Photos], Array]) -> Baseline:
  """The generic score, and what is learnt of the residual from these columns [N, c] of photos."""

  def score(photos: Photos, own: Shots) -> np.ndarray:
    generic = np.asarray(photos.images.generic, np.float64)[own.row]
    rows, residual = np.asarray(columns(photos)[own.row]), own.rating - generic[own.place]
    return generic[:, None] + support_vectors.fit_predict(rows, own.place, residual)

  return user_by_user(score)


on_features = _personal(lambda photos: photos.features)  # content
on_traits = _personal(lambda photos: photos.images.outputs)  # attributes
on_both = _personal(lambda p: np.concatenate([p.features, p.images.outputs], axis=1))
