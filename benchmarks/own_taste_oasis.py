"""The posterior of `paiaa personalize` beside the compiled `taste` solver, on OASIS's raters.

    python -m benchmarks.own_taste_oasis --oasis=DIR --features=runs/default_model

DIR holds the distributors' files; --features is the workdir of launch.default_model. 158 raters
are personalised, the others are whom heads, prior and solver learn from. Five folds, by photograph:
a photograph is ranked by the model that saw none of its fold, and the user's ratings are described
by that model too. SROCC at 10, 30 and 100 ratings; paired differences with 95 % intervals over
raters.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.own_taste import srcc
from paiaa_jax import personalization as pz
from paiaa_jax.models import frozen_heads
from paiaa_jax.personalization import posterior
from paiaa_jax.personalization.posterior import TastePrior
from studies.default_model import heads, make, measure, taste
from studies.default_model.heads import Inputs
from studies.oasis import study
from studies.oasis.people import users_of

SHOTS, SPLITS, PEOPLE = (10, 30, 100), 5, 158


class Raters(NamedTuple):
  """Those who are personalised and those who are learnt from, ratings [u, n] or NaN.

  The prior is of those who are learnt from, for coordinates as taste.describe gives them.
  """

  data: study.Study
  inputs: Inputs
  own: np.ndarray
  others: np.ndarray
  prior: TastePrior


def options_of(page: str | None) -> argparse.Namespace:
  parser = argparse.ArgumentParser(description=(page or "").split("\n")[0])
  parser.add_argument("--oasis", type=Path, required=True)
  parser.add_argument("--features", type=Path, required=True)
  return parser.parse_args()


def read(options: argparse.Namespace) -> Raters:
  data = study.read(options.oasis)
  inputs, _ = make.read(data, options.features)
  order = np.random.default_rng(0).permutation(len(data.users))
  own, others = data.ratings[order[:PEOPLE]], data.ratings[order[PEOPLE:]]
  inputs = inputs._replace(shares=study.distribution(others, data.scale))
  category = np.argmax(data.norms[:, 2:], axis=1)
  prior = taste.fit_prior(inputs, others, category, width=1.0)
  return Raters(data, inputs, own, others, prior)


def interval(each: np.ndarray) -> str:
  """The mean over raters [u] with its 95 % interval; NaN is left out."""
  each = each[np.isfinite(each)]
  resampled = np.random.default_rng(0).choice(each, (10_000, len(each))).mean(axis=1)
  low, high = np.quantile(resampled, (0.025, 0.975))
  return f"{each.mean():+.4f} [{low:+.4f}, {high:+.4f}]"


def main() -> None:
  data, inputs, own, others, prior = read(options_of(__doc__))
  fold = measure.draw_folds(inputs.names, measure.SEEDS[0])
  models = [heads.fit(inputs, fold != name) for name in range(measure.FOLDS)]
  views = [taste.view(fitted, inputs.features) for fitted in models]
  priors = [prior._replace(width=taste.NARROWER * float(fitted["width"])) for fitted in models]
  generic = np.choose(fold, [view.generic for view in views])
  outputs = np.choose(fold[:, None], [view.outputs for view in views])
  whole = frozen_heads.project(frozen_heads.projection(inputs.features), inputs.features)
  place = (whole / np.sqrt(np.mean(np.sum(np.square(whole), axis=1)))).astype(np.float32)
  images = pz.make_images(generic, outputs, place)
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
        scores = np.empty(len(rest))
        for name, (view, known) in enumerate(zip(views, priors, strict=True)):
          new = fold[row[rest]] == name
          learnt = posterior.fit(known, view.take(row[shots]), given[shots])
          scores[new] = learnt.score(view.take(row[rest][new]))
        mine[u, s] = srcc(scores, given[rest])
    theirs = np.asarray(compiled.srcc_personal[i])
    print(
      f"k = {k}: generic {np.nanmean(np.asarray(compiled.srcc_generic[i])):.4f}, compiled taste "
      f"{np.nanmean(theirs):.4f}, posterior {np.nanmean(mine):.4f}: "
      f"{interval(np.nanmean(mine - theirs, axis=1))}",
      flush=True,
    )


if __name__ == "__main__":
  main()
