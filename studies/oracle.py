"""The oracle's ceiling: the SROCC of a simulated rater's noise-free scores with their ratings.

They are ranked under the same splits as all other scores. Only a report reads them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from paiaa_jax import files
from paiaa_jax.apps import agreement
from paiaa_jax.personalization import evaluation, statistics
from paiaa_jax.personalization.splits import Protocol, draw_splits
from paiaa_jax.personalization.users import Users
from paiaa_jax.types import TRAITS


def ceiling(truth: Path, users: Users, protocol: Protocol) -> dict[str, dict[str, float | None]]:
  """{"10": {"mean", "std"}, ...}: SROCC of the noise-free personal scores on held-out ratings."""
  splits = draw_splits(users, protocol)
  scores = true_scores(truth, users)[None, ..., None]
  shape = (len(protocol.shots), *splits.position.shape)
  found = evaluation.evaluate(np.broadcast_to(scores, shape), users, splits)
  return {
    str(k): statistics.over_repeats(values)
    for k, values in zip(protocol.shots, found.srcc_personal, strict=True)
  }


def score_with_traits(truth: Path) -> dict[str, float]:
  """Table IV as it was planted: trait -> SROCC of true generic beauty with the true trait."""
  images = files.read_parquet(truth / "flickr_aes_images.parquet")
  latent = images["generic"].to_numpy(), images.select(TRAITS).to_numpy()
  return agreement.score_with_traits(*latent, TRAITS)


def true_scores(truth: Path, users: Users) -> np.ndarray:
  """Noise-free personal scores [u, n] of a simulation; 0 where padded."""
  table = files.read_parquet(truth / "flickr_aes_scores.parquet")
  known = {(user, image): score for user, image, score in table.iter_rows()}
  scores = np.zeros(users.row.shape, np.float32)
  for u, n in np.argwhere(users.valid):
    scores[u, n] = known[users.user_ids[u], users.image_ids[users.row[u, n]]]
  return scores
