"""The posterior of `paiaa personalize` beside the compiled `taste` solver, on OASIS's raters.

    python -m benchmarks.own_taste_oasis --oasis=DIR --features=runs/default_model

DIR holds the distributors' files; --features is the workdir of launch.default_model. 158 raters
are personalised, the others are whom heads, prior and solver learn from. A photograph's generic
score and outputs are by heads that saw no photograph of its fold (five folds, by photograph).
SROCC at 10, 30 and 100 ratings; paired differences with 95 % intervals over raters.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.own_taste import srcc
from paiaa_jax import personalization as pz
from paiaa_jax.models import frozen_heads
from paiaa_jax.personalization import posterior
from studies.default_model import heads, make, measure, taste
from studies.oasis import study
from studies.oasis.people import users_of

SHOTS, SPLITS, PEOPLE = (10, 30, 100), 5, 158


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
  parser.add_argument("--oasis", type=Path, required=True)
  parser.add_argument("--features", type=Path, required=True)
  options = parser.parse_args()
  data = study.read(options.oasis)
  inputs, _ = make.read(data, options.features)
  order = np.random.default_rng(0).permutation(len(data.users))
  own, others = data.ratings[order[:PEOPLE]], data.ratings[order[PEOPLE:]]
  inputs = inputs._replace(shares=study.distribution(others, data.scale))
  fold = measure.draw_folds(inputs.names, measure.SEEDS[0])
  photographs = taste.describe(inputs, fold, frozen_heads.projection(inputs.features))
  category = np.argmax(data.norms[:, 2:], axis=1)
  kept = heads.fit(inputs, np.ones(len(inputs.names), bool))
  prior = taste.fit_prior(inputs, others, category, kept)
  width = float(np.mean(np.sum(np.square(photographs.coordinates), axis=1)))
  prior = prior._replace(width=width)

  place = (photographs.coordinates / np.sqrt(width)).astype(np.float32)
  images = pz.make_images(photographs.generic, photographs.outputs, place)
  users, crowd = (users_of(ratings, images, data) for ratings in (own, others))
  splits = pz.draw_splits(users, pz.Protocol(shots=SHOTS, num_splits=SPLITS))
  compiled = pz.evaluate(pz.taste(), users, splits, state=pz.taste().init(crowd))
  image = np.asarray(splits.image)
  for i, k in enumerate(SHOTS):
    mine = np.full((len(own), SPLITS), np.nan)
    for u in range(len(own)):
      valid = np.asarray(users.valid[u])
      row, given = np.asarray(users.row[u]), np.asarray(users.ratings[u], np.float64)
      for s in range(SPLITS):
        shots = image[u, :k, s]
        rest = np.setdiff1d(np.flatnonzero(valid), shots)
        found = posterior.fit(prior, photographs.take(row[shots]), given[shots])
        mine[u, s] = srcc(found.score(photographs.take(row[rest])), given[rest])
    theirs = np.asarray(compiled.srcc_personal[i])
    gap = np.nanmean(mine - theirs, axis=1)
    gap = gap[np.isfinite(gap)]
    resampled = np.random.default_rng(0).choice(gap, (10_000, len(gap))).mean(axis=1)
    low, high = np.quantile(resampled, (0.025, 0.975))
    print(
      f"k = {k}: generic {np.nanmean(np.asarray(compiled.srcc_generic[i])):.4f}, compiled taste "
      f"{np.nanmean(theirs):.4f}, posterior {np.nanmean(mine):.4f}: "
      f"{gap.mean():+.4f} [{low:+.4f}, {high:+.4f}]",
      flush=True,
    )


if __name__ == "__main__":
  main()
