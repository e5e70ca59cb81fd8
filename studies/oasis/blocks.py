"""Stage 2 on blocks of users: the heads and priors of a block come from the ratings of all others.

Shapes: u users of a block, s splits, n photographs.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from ml_collections import ConfigDict

from paiaa_jax import files
from paiaa_jax import personalization as pz
from paiaa_jax.distribution import mean_score
from paiaa_jax.models import kernel_ridge
from paiaa_jax.personalization.held_out import Evaluation
from paiaa_jax.personalization.solvers.taste import linear_kernel
from paiaa_jax.personalization.splits import Protocol, Splits, draw_splits
from paiaa_jax.personalization.users import Users
from studies.oasis import gallery, people, stage1, stage2, study
from studies.oasis.study import Draw, Study

EVERYONE = {  # run on every block
  "generic": stage2.generic,
  "population_mean": stage2.by(pz.population_mean()),  # reads no ratings of the user: not personal
  "empirical_bayes": stage2.by(pz.empirical_bayes()),
  "taste": stage2.by(pz.taste(linear_kernel)),
  "ridge": stage2.by(pz.ridge(rating_range=(1.0, 7.0))),
}
SLOW = {  # run on the headline's block alone, with the other blocks' number of splits
  "conditional": stage2.by(pz.conditional(), components=True),
  "taste on own ratings alone": stage2.by(pz.taste(linear_kernel, generic=False)),
  "SVR on features": stage2.support_vectors,
}
PICTURED = "taste"  # in the gallery


class Blocks:
  """The first seed's blocks of users that are evaluated, and what they share.

  Attributes:
    config, data: of the study.
    drawn: the first seed's folds and blocks.
    numbers: of the blocks.
  """

  def __init__(self, config: ConfigDict, data: Study, features: np.ndarray):
    self.config, self.data, self._features = config, data, features
    self.drawn = study.draw(data, config.seeds[0], config.folds, config.people)
    full = int((np.bincount(self.drawn.block) == config.people).sum())
    self.numbers = range(config.blocks or full)

  @cached_property
  def heads(self) -> stage1.Heads:
    """Heads for all blocks, so that a score does not depend on the block at which a run resumed."""
    return stage1.fit(self._features, self.data, self.drawn, tuple(self.numbers))

  @cached_property
  def kernels(self) -> list[tuple[np.ndarray, np.ndarray]]:
    """Each fold's coordinates and components."""
    folds = range(self.config.folds)
    trains = (self.drawn.photo_fold != fold for fold in folds)
    return [stage2.coordinates(_kernel(self._features, train)) for train in trains]

  def models(self, block: int) -> list[stage2.FoldModel]:
    """Each fold's model for the users of a block."""
    scale, others = self.data.scale, self.data.ratings[self.drawn.block != block]
    return [
      stage2.make_model(
        self.data,
        self.drawn.photo_fold == fold,
        mean_score(self.heads.distribution[fold, block], scale).astype(np.float32),
        self.heads.aux[fold],
        kernel,
        others,
      )
      for fold, kernel in enumerate(self.kernels)
    ]


def write(blocks: Blocks, block: int, workdir: Path) -> None:
  """Writes people/block<i>.npz, which holds method/k/field [u, s]; of the first, gallery.npz."""
  config, data, models = blocks.config, blocks.data, blocks.models(block)
  users = people.gather(data, np.flatnonzero(blocks.drawn.block == block))
  fewer = Protocol(tuple(config.shots), config.splits, config.seeds[0])
  protocol = fewer._replace(num_splits=config.headline_splits) if block == 0 else fewer
  splits = draw_splits(users, protocol)
  results = {"ids": users.user_ids} | evaluate(EVERYONE, models, users, splits)
  perfect = without_error(data, blocks.drawn, block, users, splits)
  results |= fields("other users' mean", perfect, splits.shots)
  if block == 0:
    results |= evaluate(SLOW, models, users, draw_splits(users, fewer))
    chosen = gallery.two_people(models, users, splits, EVERYONE[PICTURED])
    files.write_arrays(workdir / "gallery.npz", chosen)
  files.write_arrays(workdir / "people" / f"block{block:02d}.npz", results)


def evaluate(
  chosen: dict[str, stage2.Method],
  models: Sequence[stage2.FoldModel],
  users: Users,
  splits: Splits,
) -> dict[str, np.ndarray]:
  """`method/k/field` -> [u, s]: srcc, coverage of the intervals, and their width in points."""
  results = {}
  for name, method in chosen.items():
    results |= fields(name, stage2.evaluate(models, users, splits, method), splits.shots)
  return results


def fields(name: str, found: Evaluation, shots: Sequence[int]) -> dict[str, np.ndarray]:
  """The fields of an Evaluation that are written, by name/k/field."""
  kept = {"srcc": found.srcc_personal, "coverage": found.coverage, "width": found.width}
  return {
    f"{name}/{k}/{field}": np.asarray(values[i])
    for i, k in enumerate(shots)
    for field, values in kept.items()
  }


def without_error(data: Study, drawn: Draw, block: int, users: Users, splits: Splits) -> Evaluation:
  """The other users' mean as the score: what a network reaches that predicts it without error."""
  crowd = study.distribution(data.ratings[drawn.block != block], data.scale)
  mean = mean_score(crowd, data.scale)
  shape = (len(splits.shots), *splits.position.shape)
  return pz.evaluate(np.broadcast_to(mean[users.row][None, ..., None], shape), users, splits)


def _kernel(features: np.ndarray, train: np.ndarray) -> np.ndarray:
  centred = np.asarray(kernel_ridge.center(kernel_ridge.kernel(features, train), train))
  return centred / np.diagonal(centred)[train].mean()
