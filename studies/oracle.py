"""The oracle's ceiling: what a simulated rater's own noise allows, whoever predicts.

The noise-free scores of the simulation are ranked under the same splits as everybody else's. Only a
report reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from paiaa_jax.apps import agreement
from paiaa_jax.apps.personalize_users import Inputs
from paiaa_jax.personalization import protocol, statistics
from paiaa_jax.types import TRAITS


def ceiling(
  truth: Path, inputs: Inputs, *, shots: Sequence[int], num_splits: int, seed: int
) -> dict[str, dict[str, float]]:
  """{"10": {"mean", "std"}, ...}: SROCC of the noise-free personal scores on held-out ratings."""
  people = inputs.people
  srcc = protocol.evaluate_scores(
    true_scores(truth, people.user_ids, people.image_ids),
    people.ratings,
    people.valid,
    shots=tuple(shots),
    num_splits=num_splits,
    seed=seed,
    user_ids=people.user_ids,
    image_ids=people.image_ids,
  )
  return {
    str(k): statistics.over_repeats(np.asarray(values))
    for k, values in zip(shots, srcc, strict=True)
  }


def score_with_traits(truth: Path) -> dict[str, float]:
  """Table IV as it was planted: trait -> SROCC of true generic beauty with the true trait."""
  images = pl.read_parquet(truth / "flickr_aes_images.parquet")
  latent = images["generic"].to_numpy(), images.select(TRAITS).to_numpy()
  return agreement.score_with_traits(*latent, TRAITS)


def true_scores(truth: Path, user_ids: np.ndarray, image_ids: np.ndarray) -> np.ndarray:
  """Noise-free personal scores [u, n] of a simulation; 0 where the image id is empty."""
  table = pl.read_parquet(truth / "flickr_aes_scores.parquet")
  known = {(user, image): score for user, image, score in table.iter_rows()}
  scores = [
    [known[user, image] if image else 0.0 for image in images]
    for user, images in zip(user_ids, image_ids, strict=True)
  ]
  return np.array(scores, np.float32)
