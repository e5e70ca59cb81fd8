"""Own taste on photographs that are new to the model, on OASIS's raters.

    python -m benchmarks.new_themes --oasis=DIR --features=runs/default_model

As benchmarks.own_taste_oasis, but ratings and what is predicted are of one fold, of which the model
saw nothing, as it saw nothing of a stranger's photographs: folds of themes, then the four
categories (a library of one kind). Told: how often the 90 % interval of a new rating holds it, over
all users and in the lowest quarter; its half width and log score beside those of the general
score's residuals; SROCC. Then ratings of what `paiaa suggest` chooses among two thirds of a user's
photographs of the fold against ratings of as many drawn ones, on the last third.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from benchmarks.own_taste import srcc
from benchmarks.own_taste_oasis import PEOPLE, Raters, interval, options_of, read
from paiaa_jax.personalization import posterior
from paiaa_jax.personalization.active import choose_next
from paiaa_jax.personalization.posterior import Photographs
from studies.default_model import measure, taste

SHOTS, CHOSEN, FEWEST = (10, 20), (5, 10, 15), 10  # FEWEST: photographs to predict
REACH = float(stats.norm.ppf(0.95))  # deviations, half of a 90 % interval


def intervals(found: Raters, photographs: Photographs, fold: np.ndarray, k: int) -> np.ndarray:
  """[u, folds, 8]: coverage, half width and log score, the general score's, both SROCC."""
  told = np.full((PEOPLE, fold.max() + 1, 8), np.nan)
  for u, own in enumerate(found.own):
    for name in np.unique(fold):
      rated = np.flatnonzero(~np.isnan(own) & (fold == name))
      if len(rated) < k + FEWEST:
        continue
      shots, test = np.split(np.random.default_rng([u, name, k]).permutation(rated), [k])
      learnt = posterior.fit(found.prior, photographs.take(shots), own[shots])
      rest, generic = photographs.take(test), photographs.generic
      score, variance = learnt.score_and_variance(rest)
      deviation = np.sqrt(variance + learnt.noise_variance)
      left = own[shots] - generic[shots]
      level, spread = generic[test] + left.mean(), np.full(len(test), np.std(left, ddof=1))
      told[u, name] = (
        *_worth(own[test], score, deviation),
        *_worth(own[test], level, spread),
        srcc(score, own[test]),
        srcc(generic[test], own[test]),
      )
  return np.nanmean(told, axis=1)


def _worth(ratings: np.ndarray, score: np.ndarray, deviation: np.ndarray) -> tuple[float, ...]:
  """Coverage, half width and log score of intervals of new ratings."""
  z = (ratings - score) / deviation
  likely = stats.norm.logpdf(z) - np.log(deviation)
  return float(np.mean(np.abs(z) <= REACH)), float(np.mean(REACH * deviation)), float(likely.mean())


def chosen_less_drawn(found: Raters, photographs: Photographs, fold: np.ndarray) -> np.ndarray:
  """SROCC by chosen ratings less by drawn ones [u], the mean over folds and numbers of ratings."""
  gain = np.full((PEOPLE, fold.max() + 1, len(CHOSEN)), np.nan)
  for u, own in enumerate(found.own):
    for name in np.unique(fold):
      order = np.random.default_rng([u, name]).permutation(
        np.flatnonzero(~np.isnan(own) & (fold == name))
      )
      pool, test = np.split(order, [2 * len(order) // 3])
      if len(test) < FEWEST or len(pool) < max(CHOSEN):
        continue
      none, asked, rest = np.zeros(len(pool), bool), photographs.take(pool), photographs.take(test)
      chosen = pool[choose_next(asked, none, max(CHOSEN), prior=found.prior)]
      for i, k in enumerate(CHOSEN):
        mine, drawn = (
          posterior.fit(found.prior, photographs.take(rows[:k]), own[rows[:k]]).score(rest)
          for rows in (chosen, pool)
        )
        gain[u, name, i] = srcc(mine, own[test]) - srcc(drawn, own[test])
  return np.nanmean(gain, axis=(1, 2))


def main() -> None:
  found = read(options_of(__doc__))
  theme = measure.draw_folds(measure.themes(found.inputs.names), measure.SEEDS[0])
  category = measure.categories(found.data)
  for what, fold in {"themes": theme, "categories": category}.items():
    photographs = taste.describe(found.inputs, fold)
    for k in SHOTS:
      told = intervals(found, photographs, fold, k)
      told = told[np.isfinite(told[:, 0])]
      mean, lowest = told.mean(axis=0), np.sort(told[:, 0])[: len(told) // 4].mean()
      print(
        f"new {what}, k = {k}, {len(told)} users: intervals hold {mean[0]:.3f}, lowest quarter "
        f"{lowest:.3f}, half width {mean[1]:.2f}, log score {mean[2]:.3f}; the general score's "
        f"{mean[3]:.3f}, {mean[4]:.2f}, {mean[5]:.3f}; SROCC {mean[6]:.3f}, general "
        f"{mean[7]:.3f}: {interval(told[:, 6] - told[:, 7])}",
        flush=True,
      )
    gain = interval(chosen_less_drawn(found, photographs, fold))
    print(f"new {what}: chosen less drawn {gain}", flush=True)


if __name__ == "__main__":
  main()
