"""Statistics of an Evaluation: Table V's mean and deviation, Fig. 6's rows, a test over users.

On the host, in numpy. What is undefined is left out of a mean and counted beside it.
"""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from scipy import stats

from paiaa_jax.personalization.held_out import Evaluation
from paiaa_jax.types import Array

RESAMPLES = 10_000
AT_ONCE = 500  # resamples of a block, for memory


def summarize(
  evaluation: Evaluation, shots: tuple[int, ...], user_ids: Any = None
) -> dict[str, dict[str, Any]]:
  """{"10": {...}, "100": {...}}: JSON-ready, one entry for each k of `shots`.

  Each entry holds `personal` and `generic` (mean and std over the repeats of the mean over users),
  `users` (Fig. 6's rows), `test` (see `compare_users`), `undefined` (fits without an SROCC, by
  reason), `users_a_repeat` (fewest and most users with an SROCC) and `left_out` (user ids).

  Example:
    >>> table = pz.summarize(result, splits.shots)
    >>> table["20"]["personal"]["mean"] > table["5"]["generic"]["mean"], len(table["20"]["users"])
    (True, 8)
  """
  evaluation = jax.tree.map(np.asarray, evaluation._replace(scores=None))
  count = evaluation.left_out.shape[1]
  user_ids = np.arange(count) if user_ids is None else np.asarray(user_ids)
  result = {}
  for i, k in enumerate(shots):
    one = jax.tree.map(lambda leaf, i=i: leaf[i], evaluation)
    defined = np.isfinite(one.srcc_personal).sum(axis=0)
    result[str(k)] = {
      "personal": over_repeats(one.srcc_personal),
      "generic": over_repeats(one.srcc_generic),
      "users": user_rows(one, user_ids),
      "test": compare_users(one.srcc_personal, one.srcc_generic),
      "undefined": {
        "constant_ratings": int(one.constant_ratings.sum()),
        "constant_personal": int(one.constant_personal.sum()),
        "constant_generic": int(one.constant_generic.sum()),
      },
      "users_a_repeat": [int(defined.min()), int(defined.max())],
      "left_out": [_plain(user) for user in user_ids[one.left_out]],
    }
  return result


def over_repeats(srcc: Array) -> dict[str, float | None]:
  """srcc [u, s]: a repeat is its mean over users; their mean and (n - 1) deviation over repeats."""
  repeats = finite_mean(srcc, axis=0)
  repeats = repeats[np.isfinite(repeats)]
  std = np.std(repeats, ddof=1) if repeats.size > 1 else np.nan
  return {"mean": _number(finite_mean(repeats)), "std": _number(std)}


def user_rows(one: Evaluation, user_ids: np.ndarray) -> list[dict[str, Any]]:
  """A row for each user not left out: a user's splits averaged (Fig. 6). Leaves are [u, ...]."""
  columns = {
    "srcc_generic": finite_mean(one.srcc_generic, axis=1),
    "srcc_personal": finite_mean(one.srcc_personal, axis=1),
    "gain": finite_mean(one.srcc_personal - one.srcc_generic, axis=1),
    "coverage": finite_mean(one.coverage, axis=1),
    "width": finite_mean(one.width, axis=1),
  }
  rows = []
  for i in np.flatnonzero(~one.left_out):
    row = {"user": _plain(user_ids[i])}
    row |= {name: _number(values[i]) for name, values in columns.items()}
    rows.append(row | {"undefined_splits": int(np.isnan(one.srcc_personal[i]).sum())})
  return rows


def compare_users(ours: Array, theirs: Array, level: float = 0.95) -> dict[str, Any]:
  """Wilcoxon's signed-rank test over users, [u, s] each; a user's splits are averaged first.

  Returns the number of users, the test's p-value, and the Hodges-Lehmann estimate of the gain
  (the median of the means of all pairs of users) with its interval by the same test's statistic.

  Example:
    >>> test = pz.compare_users(result.srcc_personal[1], result.srcc_generic[1])
    >>> test["people"], test["low"] < test["gain"] < test["high"]
    (8, True)
  """
  gain = finite_mean(ours - theirs, axis=1)
  gain = gain[np.isfinite(gain)]
  n = gain.size
  if n < 2 or not gain.any():
    return {"people": n, "p_value": None, "gain": None, "low": None, "high": None, "level": level}
  i, j = np.triu_indices(n)
  pairs = np.sort((gain[i] + gain[j]) / 2)
  z = stats.norm.ppf((1 + level) / 2)
  cut = n * (n + 1) / 4 - z * np.sqrt(n * (n + 1) * (2 * n + 1) / 24)
  cut = max(int(np.floor(cut)), 0)  # few users: the widest interval there is
  return {
    "people": n,
    "p_value": float(stats.wilcoxon(gain).pvalue),
    "gain": float(np.median(pairs)),
    "low": float(pairs[cut]),
    "high": float(pairs[-1 - cut]),
    "level": level,
  }


def bootstrap(
  srcc: Array, *, seed: int = 0, level: float = 0.95, resamples: int = RESAMPLES
) -> dict[str, Any]:
  """Percentile intervals of a mean over users; srcc [u, s], a user's splits averaged first.

  Returns `mean`, and [low, high] where users are drawn with replacement (`people`), and where
  besides each user drawn has splits of theirs drawn with replacement (`people_and_splits`, a
  hierarchical bootstrap). None with fewer than two users. Undefined splits are nobody's.

  Example:
    >>> told = pz.bootstrap(result.srcc_personal[1], resamples=100)
    >>> told["people"][0] < told["mean"] < told["people"][1]
    True
  """
  srcc = np.asarray(srcc)
  defined = np.isfinite(srcc)
  count = defined.sum(axis=1)
  srcc, defined, count = (a[count > 0] for a in (srcc, defined, count))
  of_users = finite_mean(srcc, axis=1)
  result = {"mean": _number(finite_mean(of_users)), "level": level, "resamples": resamples}
  if len(srcc) < 2:
    return result | {"people": None, "people_and_splits": None}
  first = np.take_along_axis(srcc, np.argsort(~defined, axis=1, kind="stable"), axis=1)
  rng = np.random.default_rng(seed)
  drawn = rng.integers(len(srcc), size=(resamples, len(srcc)))
  means = {"people": of_users[drawn].mean(axis=1)}
  blocks = [drawn[i : i + AT_ONCE] for i in range(0, resamples, AT_ONCE)]
  means["people_and_splits"] = np.concatenate([_redraw(first, count, b, rng) for b in blocks])
  ends = (1 - level) / 2, (1 + level) / 2
  return result | {name: np.quantile(m, ends).tolist() for name, m in means.items()}


def _redraw(
  srcc: np.ndarray, count: np.ndarray, drawn: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
  """Means [r] of users drawn [r, u], each by as many splits as are defined, drawn anew.

  srcc [u, s] holds the count [u] defined ones of each user first.
  """
  own = count[drawn][..., None]
  split = (rng.random((*drawn.shape, srcc.shape[1]), dtype=np.float32) * own).astype(np.int32)
  values = srcc[drawn[..., None], np.minimum(split, own - 1)]
  used = np.arange(srcc.shape[1]) < own
  return (np.where(used, values, 0).sum(axis=2) / own[..., 0]).mean(axis=1)


def finite_mean(values: Array, axis: int | None = None) -> np.ndarray:
  """Mean of the finite values; NaN, without a warning, where there are none."""
  finite = np.isfinite(values)
  total = np.where(finite, values, 0).sum(axis=axis, dtype=np.float64)
  count = finite.sum(axis=axis)
  return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _number(value: float | np.ndarray) -> float | None:
  """JSON has no NaN."""
  return float(value) if np.isfinite(value) else None


def _plain(identity: Any) -> Any:
  return identity.item() if isinstance(identity, np.generic) else identity
