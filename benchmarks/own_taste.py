"""Own taste on Vessel's users, by the code that `paiaa personalize` runs.

    python -m benchmarks.own_taste --vessel=DIR --out=users.csv [--baseline=theirs.csv]

DIR holds ratings.csv and images/. A shot is one rating, the first; the target is the mean of the
later ratings of other photographs. Nothing is fitted to Vessel. SROCC, each user's draws averaged
first; `--baseline` is a csv (kind, k, user, method, srcc) of another method's `taste` on the same
draws, which are seeded by (k, user). Beside them: how often "better" is said and wrong, and how
often the 90 % interval of a new rating holds it.
"""

from __future__ import annotations

import argparse
import collections
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import stats

from paiaa_jax.data.databases import vessel
from paiaa_jax.files import write_text
from paiaa_jax.models.weights.model_folder import ModelFolder
from paiaa_jax.personalization import posterior
from paiaa_jax.personalization.learn import learn_profile
from paiaa_jax.personalization.posterior import Photographs, TastePrior
from paiaa_jax.photos import personal, prior_file
from paiaa_jax.photos.library import Library

SHOTS = (10, 30, 60)
CLEARLY = 0.05  # SROCC by which somebody is truly better off


class Ratings(NamedTuple):
  """Users [u], photographs [n] and their kinds [n], first and mean later ratings [u, n] or NaN."""

  users: list[str]
  paths: list[Path]
  kinds: np.ndarray
  first: np.ndarray
  later: np.ndarray


def read(folder: Path) -> Ratings:
  """Vessel's ratings as arrays, users by number and photographs by name."""
  table = vessel.read_ratings(folder / "ratings.csv")
  paths = sorted((folder / "images").glob("*.jpg"))
  users = sorted(set(table["user"].to_list()), key=int)
  column, row = {path.name: i for i, path in enumerate(paths)}, {u: i for i, u in enumerate(users)}
  given, kinds = collections.defaultdict(list), np.full(len(paths), "", "<U8")
  for user, name, kind, score in table.select("user", "path", "kind", "score").iter_rows():
    if (name := Path(name).name) in column:
      kinds[column[name]] = kind
      given[row[user], column[name]].append(score)
  first, later = np.full((2, len(users), len(paths)), np.nan)
  for place, scores in given.items():
    first[place] = scores[0]
    later[place] = np.mean(scores[1:]) if scores[1:] else np.nan
  return Ratings(users, paths, kinds, first, later)


class Described(NamedTuple):
  """The model, what it says of the photographs, and what it tells of users."""

  model: ModelFolder
  photographs: Photographs
  prior: TastePrior


def described(paths: Sequence[Path], model: str | None) -> Described:
  """Photographs scored by the model in a folder, as `paiaa` scores them."""
  library = Library.open(paths, model)
  scored = library.scored()
  prior = prior_file.of_model(library.model)
  if prior is None:
    raise SystemExit("the model folder tells nothing of other users")
  photographs = personal.photographs_of(scored.vectors, scored.coordinates, library.model)
  return Described(library.model, photographs, prior)


def facts_of(model: ModelFolder) -> dict:
  """What learn_profile is told of a model whose scale the ratings have."""
  lowest, highest = model.score_values[0], model.score_values[-1]
  return {
    "model_id": model.model_id,
    "aux_names": model.aux_names,
    "scale": (lowest, highest),
    "rating_scale": (lowest, highest),
  }


def srcc(a: np.ndarray, b: np.ndarray) -> float:
  return float(stats.spearmanr(a, b).statistic) if np.ptp(a) > 0 and np.ptp(b) > 0 else np.nan


def within(score: np.ndarray, target: np.ndarray, kinds: np.ndarray) -> float:
  """SROCC among photographs of one kind, the mean over kinds."""
  return float(np.mean([srcc(score[kinds == x], target[kinds == x]) for x in np.unique(kinds)]))


def halves(prior: TastePrior) -> dict[str, TastePrior]:
  """The posterior's two halves alone."""
  small = (-12.0, 0.01)
  fixed = prior.covariance.copy()
  fixed[1:] = fixed[:, 1:] = 0
  return {
    "linear": prior._replace(log_taste=small),
    "taste": prior._replace(covariance=fixed),
  }


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
  parser.add_argument("--vessel", type=Path, required=True)
  parser.add_argument("--out", type=Path, required=True)
  parser.add_argument("--baseline", type=Path)
  parser.add_argument("--model")
  parser.add_argument("--draws", type=int, default=20)
  options = parser.parse_args()
  found = read(options.vessel)
  model, photographs, prior = described(found.paths, options.model)
  facts = facts_of(model)
  rows, told, held = [], [], collections.defaultdict(list)
  for kind in [*sorted(set(found.kinds)), "all"]:
    among = found.kinds == kind if kind != "all" else np.ones(len(found.kinds), bool)
    for k in SHOTS:
      for u, user in enumerate(found.users):
        have = np.flatnonzero(among & ~np.isnan(found.later[u]))
        if len(have) < k + 20:
          continue
        table = one_user(found, u, k, have, options.draws, photographs, facts, prior, told, held)
        rows += [(kind, k, user, method, float(np.nanmean(x))) for method, x in table.items()]
      show(rows, kind, k)
  lines = [",".join(map(str, row)) for row in [("kind", "k", "user", "method", "srcc"), *rows]]
  write_text(options.out, "\n".join(lines) + "\n")
  show_truth(told, held)
  if options.baseline:
    compare(rows, options.baseline)


def one_user(found, u, k, have, draws, photographs: Photographs, facts, prior, told, held):  # noqa: PLR0913
  """SROCC of every method, a list over draws; adds to what is told and held."""
  rng, table = np.random.default_rng([k, u]), collections.defaultdict(list)
  others = np.nanmean(np.delete(found.later, u, axis=0), axis=0)
  for _ in range(draws):
    order = rng.permutation(have)
    shots, test = order[:k], order[k:]
    target, rated, rest = found.later[u][test], photographs.take(shots), photographs.take(test)
    for name, half in halves(prior).items():
      alone = posterior.fit(half, rated, found.first[u][shots])
      table[name].append(srcc(alone.score(rest), target))
    profile = learn_profile(rated, found.first[u][shots], prior=prior, **facts)
    score, width = profile.new_ratings(rest)
    table["both"].append(srcc(score, target))
    held[k, u].append(np.mean(np.abs(found.first[u][test] - score) <= width))
    gain = table["both"][-1] - srcc(photographs.generic[test], target)
    told.append((k, u, profile.worth.verdict, gain, "+".join(sorted(set(found.kinds[have])))))
    table["generic"].append(srcc(photographs.generic[test], target))
    table["other users' mean"].append(srcc(others[test], target))
    level = {kind: found.first[u][shots][found.kinds[shots] == kind] for kind in set(found.kinds)}
    mean = np.mean(found.first[u][shots])
    by_kind = np.array([level[x].mean() if len(level[x]) else mean for x in found.kinds[test]])
    table["generic + mean per kind"].append(
      srcc(0.3 * photographs.generic[test] / np.std(photographs.generic[test]) + by_kind, target)
    )
    table["own reliability"].append(srcc(found.first[u][test], target))
    if len(set(found.kinds[test])) > 1:
      ranked = {"both": score, "generic": photographs.generic[test], "others": others[test]}
      for name, scores in ranked.items():
        table[f"{name}, within kinds"].append(within(scores, target, found.kinds[test]))
  return table


def show(rows: list, kind: str, k: int) -> None:
  means = collections.defaultdict(list)
  for row in rows:
    if row[:2] == (kind, k):
      means[row[3]].append(row[4])
  if means:
    text = ", ".join(f"{method} {np.mean(x):.3f}" for method, x in means.items())
    print(f"{kind} k = {k}, {len(means['both'])} users: {text}", flush=True)


def show_truth(told: list, held: dict) -> None:
  """Is "better" right; do intervals hold."""
  gain = collections.defaultdict(list)
  for k, u, _, own_gain, kinds in told:
    gain[k, u, kinds].append(own_gain)
  for k in SHOTS:
    said = [(verdict, np.mean(gain[k, u, kinds])) for j, u, verdict, _, kinds in told if j == k]
    heard = [true for verdict, true in said if verdict == "better"]
    clear = [verdict == "better" for verdict, true in said if true >= CLEARLY]
    cover = [np.mean(x) for (j, _), x in held.items() if j == k]
    lowest = np.mean(np.sort(cover)[: max(len(cover) // 4, 1)])
    print(
      f"k = {k}: 'better' said to {len(heard)} of {len(said)}, wrong for "
      f"{np.mean(np.less_equal(heard, 0)) if heard else 0:.1%}; of those truly better by {CLEARLY} "
      f"{np.mean(clear) if clear else 0:.1%} hear it; new ratings in 90 % intervals: "
      f"{np.mean(cover):.3f}, lowest quarter of users {lowest:.3f}"
    )


def compare(rows: list, baseline: Path) -> None:
  """Mean over numbers of shots and single kinds of ours less theirs, interval over users."""
  with baseline.open(newline="") as file:
    theirs = {
      (row["kind"], int(row["k"]), row["user"]): float(row["srcc"])
      for row in csv.DictReader(file)
      if row["method"] == "taste"
    }
  gap = collections.defaultdict(list)
  for kind, k, user, method, value in rows:
    if method == "both" and kind != "all" and (kind, k, user) in theirs:
      gap[user].append(value - theirs[kind, k, user])
  each = np.array([np.mean(x) for x in gap.values()])
  resampled = np.random.default_rng(0).choice(each, (10_000, len(each))).mean(axis=1)
  low, high = np.quantile(resampled, (0.025, 0.975))
  print(f"ours less theirs, {len(each)} users: {each.mean():+.4f} [{low:+.4f}, {high:+.4f}]")


if __name__ == "__main__":
  main()
