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

from benchmarks.own_taste import Described, described, facts_of, srcc
from paiaa_jax import personalization as pz
from paiaa_jax.models import frozen_heads
from paiaa_jax.personalization.learn import learn_profile
from paiaa_jax.personalization.posterior import TastePrior
from studies.default_model import heads, make, measure, taste
from studies.default_model.heads import Inputs
from studies.default_model.inputs import WHOLE
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
  inputs, _ = make.read(data, WHOLE, options.features)
  order = np.random.default_rng(0).permutation(len(data.users))
  own, others = data.ratings[order[:PEOPLE]], data.ratings[order[PEOPLE:]]
  inputs = inputs._replace(shares=study.distribution(others, data.scale))
  category = measure.categories(data)
  prior = taste.fit_prior(inputs, others, category, width=1.0)
  return Raters(data, inputs, own, others, prior)


def interval(each: np.ndarray) -> str:
  """The mean over raters [u] with its 95 % interval; NaN is left out."""
  each = each[np.isfinite(each)]
  resampled = np.random.default_rng(0).choice(each, (10_000, len(each))).mean(axis=1)
  low, high = np.quantile(resampled, (0.025, 0.975))
  return f"{each.mean():+.4f} [{low:+.4f}, {high:+.4f}]"


def write_folds(found: Raters, fold: np.ndarray, out: Path) -> list[str]:
  """A model folder for each fold, of what the other raters gave the photographs outside it."""
  category, folders = measure.categories(found.data), []
  for name in range(measure.FOLDS):
    known = heads.part(found.inputs, fold != name)
    fitted = heads.fit(known, np.ones(len(known.names), bool))
    width, others = float(fitted["width"]), found.others[:, fold != name]
    prior = taste.fit_prior(known, others, category[fold != name], width)
    make.save(WHOLE, fitted, prior, out / f"fold{name}", trained_on="other raters and folds")
    folders.append(str(out / f"fold{name}"))
  return folders


def ranked(found: Raters, fold: np.ndarray, told: list[Described], users: pz.Users, image):
  """SROCC [u, s, shots] of scores by `paiaa personalize`'s own steps; image [u, shots, s]."""
  mine = np.full((len(found.own), SPLITS, len(SHOTS)), np.nan)
  for u, s, i in np.ndindex(mine.shape):
    row, given = np.asarray(users.row[u]), np.asarray(users.ratings[u], np.float64)
    shots = image[u, : SHOTS[i], s]
    rest = np.setdiff1d(np.flatnonzero(np.asarray(users.valid[u])), shots)
    scores = np.empty(len(rest))
    for name, (model, photographs, prior) in enumerate(told):
      new = fold[row[rest]] == name
      profile = learn_profile(
        photographs.take(row[shots]),
        given[shots],
        prior=prior,
        groups=(),
        **facts_of(model),
      )
      scores[new] = profile.score(photographs.take(row[rest][new]))
    mine[u, s, i] = srcc(scores, given[rest])
  return mine


def main() -> None:
  options = options_of(__doc__)
  found = read(options)
  fold = measure.draw_folds(found.inputs.names, measure.SEEDS[0])
  folders = write_folds(found, fold, options.features / "folds")
  told = [described(found.data.paths, folder) for folder in folders]
  views = [photographs for _, photographs, _ in told]
  generic = np.choose(fold, [view.generic for view in views])
  outputs = np.choose(fold[:, None], [view.outputs for view in views])
  whole = frozen_heads.project(
    frozen_heads.projection(found.inputs.features), found.inputs.features
  )
  place = (whole / np.sqrt(np.mean(np.sum(np.square(whole), axis=1)))).astype(np.float32)
  images = pz.make_images(generic, outputs, place)
  users, crowd = (users_of(ratings, images, found.data) for ratings in (found.own, found.others))
  splits = pz.draw_splits(users, pz.Protocol(shots=SHOTS, num_splits=SPLITS))
  compiled = pz.evaluate(pz.taste(), users, splits, state=pz.taste().init(crowd))
  mine = ranked(found, fold, told, users, np.asarray(splits.image))
  for i, k in enumerate(SHOTS):
    theirs = np.asarray(compiled.srcc_personal[i])
    print(
      f"k = {k}: generic {np.nanmean(np.asarray(compiled.srcc_generic[i])):.4f}, compiled taste "
      f"{np.nanmean(theirs):.4f}, own taste {np.nanmean(mine[..., i]):.4f}: "
      f"{interval(np.nanmean(mine[..., i] - theirs, axis=1))}",
      flush=True,
    )


if __name__ == "__main__":
  main()
