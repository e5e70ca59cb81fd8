"""The quickstart's report on stage 2: Table V, its ceiling, the null run, and Fig. 6."""

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
DATABASE, FOLDER = "flickr_aes", "FLICKR-AES"  # whose people are personalised
RUNS = {"": "", "null": ", null run", "heavy_tails": ", heavy tails"}
NAMES = {"population_mean": "generic, corrected by other users"}  # of solvers; others are PA_IAA


def scores(workdir: Path) -> Section:
  """Table V for planted tastes, for none and for heavy-tailed ones; the test over people."""
  title = f"Table V: personal SROCC after k ratings ({SIMULATED})"
  table = Table("table5", title, ("system", "k = 10", "k = 100"))
  for name in RUNS:
    _add_run(table, workdir, name)
  for method, by_shots in published.TABLE_5.items():
    table.add(method, *map(mean_std, by_shots), origin=PUBLISHED)
  main = run_folder.read_json(workdir / "personalize.json")
  table.notes = [
    f"Measured: mean ± deviation over {main['num_splits']} repeats, {main['people']} people.",
    "The oracle ranks by each simulated rater's noise-free score: what their own noise allows.",
    "Published: real people of FLICKR-AES, a larger network, a larger database.",
  ]
  text = (
    "Does knowing a few of a person's ratings help? The generic score is the same for everybody; "
    "the personal one adds five weights, learned from k ratings, and is tested on the person's "
    "other photographs.\n\n"
    "Ratings of new photographs also mend the generic score itself, for everybody alike. The row "
    "'corrected by the crowd' shows that part: weights learned from the other people alone. What "
    "is personal is what PA_IAA gains over it; in the null run, where no personal taste was "
    "planted, that should be nothing."
  )
  return Section("Personal scores", text, [table, _gains(main), _personal_part(workdir)])


def _add_run(table: Table, workdir: Path, name: str) -> None:
  result = _result(workdir, name)
  shots = [str(k) for k in result["shots"]]
  headline = result["solvers"][result["headline"]]
  table.add(f"generic{RUNS[name]}", *(mean_std_of(headline[k]["generic"]) for k in shots))
  for solver, by_shots in result["solvers"].items():
    label = NAMES.get(solver, f"PA_IAA, {solver}") + RUNS[name]
    table.add(label, *(mean_std_of(by_shots[k]["personal"]) for k in shots))
  folder = workdir / "data" / (name or "raw")
  inputs = personalize_users.read(
    workdir, run_folder.prepared(workdir, DATABASE), str(folder / FOLDER) if name else ""
  )
  protocol = Protocol(*(result[key] for key in Protocol._fields))
  best = oracle.ceiling(folder / "truth", inputs.rated.users, protocol)
  table.add(f"oracle's ceiling{RUNS[name]}", *(mean_std_of(best[k]) for k in shots), origin=PLANTED)


def _gains(result: dict) -> Table:
  """Every solver against the generic score, one pair a person."""
  title = f"Personal against generic, paired over people ({SIMULATED})"
  columns = ("solver", "k", "gain", "95 % interval", "p (Wilcoxon)", "undefined fits")
  table = Table("table5_gain", title, columns)
  for solver, by_shots in result["solvers"].items():
    for k, one in by_shots.items():
      test, undefined = one["test"], sum(one["undefined"].values())
      if test["gain"] is not None:
        bounds = interval(test["low"], test["high"])
        table.add(solver, k, test["gain"], bounds, f"{test['p_value']:.1g}", undefined)
  return table


def _personal_part(workdir: Path) -> Table:
  """What the headline solver gains over weights that everybody shares."""
  title = f"What is personal: gain over the score corrected by the crowd ({SIMULATED})"
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


def people_one_by_one(workdir: Path) -> Section:
  """Fig. 6, and whether each person's intervals keep their word."""
  result = run_folder.read_json(workdir / "personalize.json")
  users = result["solvers"][result["headline"]]["100"]["users"]
  before, after = figures.before_and_after(users)
  title = f"k = 100, {result['headline']}: mean {np.mean(before):.3f} to {np.mean(after):.3f}"
  caption = (
    f"Fig. 6 ({SIMULATED}): each person's generic SROCC and what 100 ratings change. Published, on "
    "real people: {generic} to {personalized}.".format(**published.FIGURE_6)
  )
  pictures = [Picture("figure6", caption, figures.people_bars(before, after, title))]
  if users[0]["coverage"] is not None:
    coverage, width = ([user[key] for user in users] for key in ("coverage", "width"))
    caption = f"Do 90 % intervals hold 90 % of held-out ratings? One dot a person ({SIMULATED})."
    pictures.append(Picture("coverage", caption, figures.coverage_by_person(coverage, width, 0.9)))
  return Section("Person by person", "", [], pictures)


def _result(workdir: Path, name: str) -> dict:
  return run_folder.read_json(workdir / f"personalize{'_' + name if name else ''}.json")
