"""Ratings of the photographs that `paiaa suggest` chooses against ratings of as many drawn ones.

    python -m benchmarks.suggested --vessel=DIR --draws=200

DIR holds Vessel's ratings.csv and images/. Half of the photographs, drawn, are there to choose
from; the other half is ranked. A shot is one rating, the first; the target is the mean of the
later ones. Nothing is fitted to Vessel. SROCC: the mean over draws, users, and 10, 20 and 30
ratings; intervals over users.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.own_taste import Ratings, described, read, srcc
from paiaa_jax.personalization import posterior
from paiaa_jax.personalization.active import choose_next
from paiaa_jax.personalization.posterior import Photographs, TastePrior

SHOTS = (10, 20, 30)


def gains(
  found: Ratings, among: np.ndarray, photographs: Photographs, prior: TastePrior, draws: int
) -> np.ndarray:
  """SROCC by chosen ratings less by drawn ones: [users, len(SHOTS)], the mean over draws."""
  total, count = np.zeros((2, len(found.users), len(SHOTS)))
  for draw in range(draws):
    order = np.random.default_rng([draw, 7]).permutation(np.flatnonzero(among))
    pool, rest = np.split(order, [len(order) // 2])
    none = np.zeros(len(pool), bool)
    chosen = pool[choose_next(photographs.take(pool), none, max(SHOTS), prior=prior)]
    for u in range(len(found.users)):
      rated = ~np.isnan(found.later[u])
      test = rest[rated[rest]]
      for i, k in enumerate(SHOTS):
        both = []
        for candidates in (chosen[:k], pool[:k]):
          shots = candidates[rated[candidates]]
          if len(shots) < k // 2 or len(test) < 20:
            continue
          fit = posterior.fit(prior, photographs.take(shots), found.first[u][shots])
          both.append(srcc(fit.score(photographs.take(test)), found.later[u][test]))
        if len(both) == 2 and np.isfinite(both).all():
          total[u, i] += both[0] - both[1]
          count[u, i] += 1
  return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
  parser.add_argument("--vessel", type=Path, required=True)
  parser.add_argument("--model")
  parser.add_argument("--draws", type=int, default=200)
  options = parser.parse_args()
  found = read(options.vessel)
  _, photographs, prior = described(found.paths, options.model)
  for kind in ["all", *sorted(set(found.kinds))]:
    among = found.kinds == kind if kind != "all" else np.ones(len(found.kinds), bool)
    each = gains(found, among, photographs, prior, options.draws)
    users = np.nanmean(each, axis=1)
    users = users[np.isfinite(users)]
    resampled = np.random.default_rng(0).choice(users, (10_000, len(users))).mean(axis=1)
    low, high = np.quantile(resampled, (0.025, 0.975))
    means = zip(SHOTS, np.nanmean(each, axis=0), strict=True)
    by_shots = ", ".join(f"{k}: {x:+.4f}" for k, x in means)
    print(
      f"{kind}: chosen less drawn {users.mean():+.4f} [{low:+.4f}, {high:+.4f}], "
      f"{len(users)} users, {options.draws} draws ({by_shots})",
      flush=True,
    )


if __name__ == "__main__":
  main()
