"""The quickstart's report on stage 2: who gained, Table V, what nobody could gain, and Fig. 6."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from paiaa_jax.apps import personalize_users
from paiaa_jax.personalization.splits import Protocol
from paiaa_jax.reporting import figures
from paiaa_jax.reporting.page import Picture, Section
from paiaa_jax.reporting.table import PLANTED, PUBLISHED, Table, interval, mean_std, mean_std_of
from studies import oracle, published, run_folder

SIMULATED = "simulated raters"
DATABASE, FOLDER = "flickr_aes", "FLICKR-AES"  # whose users are personalised
RUNS = {"": "", "null": ", null run", "heavy_tails": ", heavy tails"}
NAMES = {"population_mean": "generic, corrected by other users"}  # of solvers; others are PA_IAA
SHOTS = "100"  # of the opening and of Fig. 6


def opening(workdir: Path) -> tuple[str, Picture]:
  """Who gained by how much, as one sentence and as Fig. 6."""
  result = _result(workdir)
  headline = result["solvers"][result["headline"]][SHOTS]
  before, after = figures.before_and_after(headline["users"])
  gained, test = sum(b < a for b, a in zip(before, after, strict=True)), headline["test"]
  sentence = (
    f"{gained} of {len(before)} simulated users gain from a score of their own: with {SHOTS} of "
    f"their ratings, the mean SROCC on their other photographs rises from {np.mean(before):.3f} to "
    f"{np.mean(after):.3f}"
  )
  if test["gain"] is not None:
    low, high = test["low"], test["high"]
    sentence += f" (typical gain {test['gain']:.3f}, 95 % interval {low:.3f} to {high:.3f})"
  caption = (
    f"Fig. 6 ({SIMULATED}): each user's generic SROCC and what {SHOTS} ratings change. Published, "
    "on real users: {generic} to {personalized}.".format(**published.FIGURE_6)
  )
  title = f"k = {SHOTS}, {result['headline']}"
  return f"{sentence}.", Picture("figure6", caption, figures.people_bars(before, after, title))


def scores(workdir: Path) -> Section:
  """Table V, and the test over users."""
  title = f"Table V: personal SROCC after k ratings ({SIMULATED})"
  table = Table("table5", title, ("system", "k = 10", "k = 100"))
  result = _result(workdir)
  _add_run(table, result, "")
  for method, by_shots in published.TABLE_5.items():
    table.add(method, *map(mean_std, by_shots), origin=PUBLISHED)
  table.notes = [
    f"Measured: mean ± deviation over {result['num_splits']} repeats, {result['people']} users.",
    "Published: real users of FLICKR-AES, a larger network, a larger database.",
  ]
  text = (
    "Does knowing a few of a user's ratings help? The generic score is the same for everybody; "
    "the personal one adds five weights, learned from k ratings, and is tested on the user's "
    "other photographs.\n\n"
    "Ratings of new photographs also mend the generic score itself, for everybody alike. The row "
    "'corrected by other users' shows that part: weights learned from the other users alone."
  )
  return Section("Personal scores", text, [table, _gains(result)])


def checks(workdir: Path) -> Section:
  """What could be gained at most, and the runs in which there is nothing, or less, to gain."""
  title = f"Table V again, by what was planted ({SIMULATED})"
  table = Table("table5_checks", title, ("system", "k = 10", "k = 100"))
  for name, suffix in RUNS.items():
    if name:
      _add_run(table, _result(workdir, name), suffix)
    table.add(f"oracle's ceiling{suffix}", *_ceiling(workdir, name), origin=PLANTED)
  text = (
    "The oracle ranks by each simulated rater's noise-free score: no system can do better. In the "
    "null run no personal taste was planted, so that nothing should be gained over the row "
    "'corrected by other users'. With heavy tails most tastes are weak and a few strong."
  )
  return Section("Checks: an oracle, and users without a taste", text, [table, _part(workdir)])


def _add_run(table: Table, result: dict, suffix: str) -> None:
  """The generic score's row and each solver's."""
  shots = [str(k) for k in result["shots"]]
  headline = result["solvers"][result["headline"]]
  table.add(f"generic{suffix}", *(mean_std_of(headline[k]["generic"]) for k in shots))
  for solver, by_shots in result["solvers"].items():
    label = NAMES.get(solver, f"PA_IAA, {solver}") + suffix
    table.add(label, *(mean_std_of(by_shots[k]["personal"]) for k in shots))


def _ceiling(workdir: Path, name: str) -> list:
  result, folder = _result(workdir, name), workdir / "data" / (name or "raw")
  inputs = personalize_users.read(
    workdir, run_folder.prepared(workdir, DATABASE), str(folder / FOLDER) if name else ""
  )
  protocol = Protocol(*(result[key] for key in Protocol._fields))
  best = oracle.ceiling(folder / "truth", inputs.rated.users, protocol)
  return [mean_std_of(best[str(k)]) for k in result["shots"]]


def _gains(result: dict) -> Table:
  """Every solver against the generic score, one pair a user."""
  title = f"Personal against generic, paired over users ({SIMULATED})"
  columns = ("solver", "k", "gain", "95 % interval", "p (Wilcoxon)", "undefined fits")
  table = Table("table5_gain", title, columns)
  for solver, by_shots in result["solvers"].items():
    for k, one in by_shots.items():
      test, undefined = one["test"], sum(one["undefined"].values())
      if test["gain"] is not None:
        bounds = interval(test["low"], test["high"])
        table.add(solver, k, test["gain"], bounds, f"{test['p_value']:.1g}", undefined)
  return table


def _part(workdir: Path) -> Table:
  """What the headline solver gains over weights that everybody shares."""
  title = f"What is personal: gain over the score corrected by other users ({SIMULATED})"
  table = Table("table5_personal", title, ("run", "k = 10", "k = 100"))
  for name, suffix in RUNS.items():
    result = _result(workdir, name)
    solvers = result["solvers"]
    gains = [
      solvers[result["headline"]][str(k)]["personal"]["mean"]
      - solvers["population_mean"][str(k)]["personal"]["mean"]
      for k in result["shots"]
    ]
    table.add(suffix.removeprefix(", ") or "planted tastes", *gains)
  return table


def intervals(workdir: Path) -> Section:
  """Whether each user's intervals keep their word; empty where the headline solver has none."""
  result = _result(workdir)
  users = result["solvers"][result["headline"]][SHOTS]["users"]
  pictures = []
  if users[0]["coverage"] is not None:
    coverage, width = ([user[key] for user in users] for key in ("coverage", "width"))
    caption = f"Do 90 % intervals hold 90 % of held-out ratings? One dot a user ({SIMULATED})."
    pictures.append(Picture("coverage", caption, figures.coverage_by_person(coverage, width, 0.9)))
  return Section("How sure it is", "", [], pictures)


def _result(workdir: Path, name: str = "") -> dict:
  return run_folder.read_json(workdir / f"personalize{'_' + name if name else ''}.json")
