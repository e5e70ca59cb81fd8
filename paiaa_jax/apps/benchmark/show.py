"""A benchmark's result as a table, pictures, one page, and the files beside it."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from paiaa_jax import files
from paiaa_jax.apps.benchmark import SEED, SPLITS, run
from paiaa_jax.reporting import page
from paiaa_jax.reporting.figures import GAIN, GENERIC
from paiaa_jax.reporting.page import Picture, Section
from paiaa_jax.reporting.table import Table, interval, mean_std_of

LEAD = (
  "SROCC of {name} on the ratings that {people} people gave to images they were not asked about: k "
  "of a person's ratings are shown, the others are ranked, {num_splits} times for each k. By the "
  "protocol, version {protocol}, of paiaa_jax/apps/benchmark/protocol.md."
)
NOTES = (
  "SROCC: mean ± deviation over splits of the mean over people.",
  "Intervals: 95 %, bootstrap over people; over people and their splits.",
)
GAIN_NOTE = (
  "Gain: Hodges-Lehmann estimate over people, with its 95 % interval; p: Wilcoxon's signed-rank "
  "test over people, a person's splits averaged first."
)
AGREEMENT_NOTE = (
  "Means over people, a person's splits averaged first, with 95 % intervals. MAE and RMSE are in "
  "points of the ratings, and tell something of scores on that scale alone."
)
ERRORS = ("plcc", "mae", "rmse")


def tables(result: Mapping[str, Any]) -> list[Table]:
  """SROCC and errors, a row for each k; the gain where there is something to compare with."""
  title = f"{result['name']} on {result['database']}: SROCC after k of a person's ratings"
  columns = ("k", "people", "SROCC", "over people", "over people and splits", "undefined")
  srcc = Table("benchmark", title, columns)
  for k, one in result["by_shots"].items():
    ends = [_interval(one["interval"][name]) for name in ("people", "people_and_splits")]
    undefined = sum(user["undefined_splits"] for user in one["users"])
    srcc.add(int(k), len(one["users"]), mean_std_of(one["srcc"]), *ends, undefined)
  srcc.notes = [
    *NOTES,
    *_departures(result),
    *_left_out(result),
    *(f"Not read: {what}." for what in result["ignored"]),
  ]
  made = [srcc, _agreement(result)]
  return made if result["against"] is None else [*made, _gains(result)]


def _agreement(result: Mapping[str, Any]) -> Table:
  """PLCC, and errors in points."""
  title = f"{result['name']} on {result['database']}: how near scores come to ratings"
  columns = [f"{name.upper()}{end}" for name in ERRORS for end in ("", " over people")]
  made = Table("benchmark_agreement", title, ("k", *columns), notes=[AGREEMENT_NOTE])
  for k, one in result["by_shots"].items():
    told = [one["agreement"][name] for name in ERRORS]
    made.add(int(k), *(cell for t in told for cell in (t["mean"], _interval(t["people"]))))
  return made


def _gains(result: Mapping[str, Any]) -> Table:
  title = f"{result['name']} against {result['against']}, paired over people"
  columns = ("k", f"SROCC of {result['against']}", "gain", "95 % interval", "p")
  made = Table("benchmark_gain", title, columns, notes=[GAIN_NOTE])
  for k, one in result["by_shots"].items():
    test = one["test"]
    p_value = None if test["p_value"] is None else f"{test['p_value']:.2g}"
    ends = _interval((test["low"], test["high"]))
    made.add(int(k), mean_std_of(one["against"]), test["gain"], ends, p_value)
  return made


def write(result: Mapping[str, Any], folder: Path, facts: Mapping[str, str]) -> Path:
  """Writes result.json, per_user.csv, report.html, tables/ and figures/; returns the page's path.

  Args:
    result: of run.evaluate, with `name`, `against` (a name or None) and `database`.
    folder: where; files of the same names are replaced.
    facts: name -> value, printed at the end of the page.
  """
  text = json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False)
  files.write_text(folder / "result.json", text + "\n")
  files.write_frame(folder / "per_user.csv", run.user_table(result))
  sections = [Section("SROCC", "", tables(result), _curve(result)), _people(result)]
  return page.write(folder, result["name"], LEAD.format(**result), sections, dict(facts))


def facts(
  command: str, result: Mapping[str, Any], tables: Mapping[str, Path | None]
) -> dict[str, str]:
  """What was run on what, for the page's foot; `tables` of predictions by their part in it."""
  return {
    "command": command,
    "database": f"{result['database']}: {result['people']} people, {result['ratings']:,} ratings",
    "protocol": f"version {result['protocol']}, seed {result['seed']}",
    **{f"sha256 of {part}": _digest(path) for part, path in tables.items() if path},
    "python": platform.python_version(),
  }


def _digest(path: Path) -> str:
  with path.open("rb") as file:
    return hashlib.file_digest(file, "sha256").hexdigest()


def _departures(result: Mapping[str, Any]) -> list[str]:
  asked, fixed = (result["num_splits"], result["seed"]), (SPLITS, SEED)
  words = "{} splits, seed {}"
  if asked == fixed:
    return []
  return [f"Not by the protocol: {words.format(*asked)}, where it has {words.format(*fixed)}."]


def _left_out(result: Mapping[str, Any]) -> list[str]:
  return [
    f"k = {k}: {len(one['left_out'])} people with fewer than {int(k) + 2} images are left out."
    for k, one in result["by_shots"].items()
    if one["left_out"]
  ]


def _curve(result: Mapping[str, Any]) -> list[Picture]:
  """SROCC against k, where there are several."""
  shots = [k for k, one in result["by_shots"].items() if one["interval"]["people"]]
  if len(shots) < 2:
    return []
  entries = [result["by_shots"][k] for k in shots]
  figure = Figure(figsize=(5.4, 3.4), layout="constrained")
  axis = figure.subplots()
  place = [int(k) for k in shots]
  low, high = np.transpose([one["interval"]["people"] for one in entries])
  axis.fill_between(place, low, high, color=GAIN, alpha=0.15, linewidth=0)
  mean = [one["interval"]["mean"] for one in entries]
  axis.plot(place, mean, marker="o", markersize=3, color=GAIN, label=result["name"])
  if result["against"] is not None:
    against = [np.nan if (m := one["against"]["mean"]) is None else m for one in entries]
    axis.plot(place, against, linestyle=":", color=GENERIC, label=result["against"])
  axis.set(xlabel="ratings of a person", ylabel="SROCC on the others", xscale="log")
  axis.set_title(result["database"])
  axis.set_xticks(place, shots)
  axis.minorticks_off()
  axis.spines[["top", "right"]].set_visible(False)
  axis.legend(frameon=False, fontsize=8)
  caption = "SROCC by k; the band is the 95 % bootstrap interval over people."
  return [Picture("learning_curve", caption, figure)]


def _people(result: Mapping[str, Any]) -> Section:
  """Each person's mean SROCC and deviation over splits, for each k."""
  pictures = []
  for k, one in result["by_shots"].items():
    users = [user for user in one["users"] if user["srcc"] is not None]
    if users:
      caption = f"k = {k}: each person's SROCC, mean and deviation over splits."
      pictures.append(Picture(f"people_{k}", caption, _dots(users, result)))
  return Section("Person by person", "Every figure is in per_user.csv.", [], pictures)


def _dots(users: list[Mapping[str, Any]], result: Mapping[str, Any]) -> Figure:
  users = sorted(users, key=lambda user: user["srcc"])
  place = np.arange(len(users))
  figure = Figure(figsize=(8.5, 3.2), layout="constrained")
  axis = figure.subplots()
  srcc, spread = [user["srcc"] for user in users], [user["std"] or 0 for user in users]
  axis.errorbar(
    place, srcc, spread, fmt="o", markersize=4, linewidth=1, color=GAIN, label=result["name"]
  )
  if "srcc_against" in users[0]:
    against = [np.nan if (a := user["srcc_against"]) is None else a for user in users]
    axis.plot(place, against, "_", color=GENERIC, markersize=8, label=result["against"])
  axis.axhline(0, color="black", linewidth=0.5)
  axis.set(title=result["database"], xlabel="people, by their SROCC", ylabel="SROCC", xticks=[])
  axis.spines[["top", "right"]].set_visible(False)
  axis.legend(frameon=False, fontsize=8)
  return figure


def _interval(ends: tuple[float | None, float | None] | None) -> str | None:
  low, high = ends or (None, None)
  return None if low is None or high is None else interval(low, high)
