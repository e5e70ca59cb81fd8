"""docs/leaderboard.md from docs/leaderboard/*.json: measured here, and published by others.

Each measured row is what `launch.benchmark --features --out` wrote under one of PROTOCOLS, without
the single users. A protocol says whose ratings of which photographs train, and which are asked:
users and themes of photographs are held out in each.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from paiaa_jax import files
from paiaa_jax.data.databases import draws, oasis, vessel
from paiaa_jax.errors import UserError

PUBLISHED = "published.json"
SEED, OASIS_USERS = 0, 120


class Protocol(NamedTuple):
  """A title for tables; and the SROCC that a perfect predictor of one rating would reach.

  That is the square root of the SROCC of users' two ratings of the same photographs; None where
  nobody rated one twice.
  """

  title: str
  ceiling: float | None = None


PROTOCOLS = {
  "oasis_by_theme": Protocol("OASIS: half of the themes and 120 of 600 users held out"),
  "vessel_from_oasis": Protocol(
    "Vessel: all photographs and users held out, others are OASIS's", ceiling=0.711**0.5
  ),
}


def ratings_of(protocol: str, data: Path) -> pl.DataFrame:
  """`user, path, score, split` of a protocol; paths are relative to `data`.

  Args:
    protocol: a key of PROTOCOLS.
    data: holds oasis/ and vessel/ as their distributors lay them out.

  Raises:
    UserError: an unknown protocol, or files that are not there.
  """
  if protocol not in PROTOCOLS:
    raise UserError(f"unknown protocol {protocol!r}; one of {', '.join(PROTOCOLS)}.")
  rated = oasis.load(data / "oasis", people=OASIS_USERS, seed=SEED).ratings
  if protocol == "vessel_from_oasis":
    own = vessel.load(data / "vessel").ratings
    first = own.unique(["user", "path"], keep="first", maintain_order=True)
    others = rated.with_columns(split=pl.lit("train"))
    return pl.concat([_under("oasis/images", others), _under("vessel/images", first)])
  theme = pl.col("path").str.replace(r"\s*\d*\.\w+$", "")
  rated = rated.with_columns(theme=theme)
  asked = draws.fold_members(rated["theme"], 0, 2, SEED, "leaderboard themes")
  is_asked = pl.col("theme").is_in(asked)
  kept = rated.filter(is_asked == (pl.col("split") == "test"))
  return _under("oasis/images", kept.drop("theme"))


def _under(folder: str, ratings: pl.DataFrame) -> pl.DataFrame:
  return ratings.with_columns(path=pl.format(folder + "/{}", "path"))


def entry(
  folder: Path, protocol: str, *, method: str, encoder: str, weights: str, command: str
) -> dict[str, Any]:
  """A row, from what launch.benchmark wrote into a folder.

  Args:
    folder: holds result.json and per_user.csv.
    protocol: a key of PROTOCOLS, under which it was run.
    method: what learns a user's scores.
    encoder: what the vectors come from, in words.
    weights: sha256 of the encoder's weights.
    command: by which it was run.

  Raises:
    UserError: no such files, an unknown protocol, or a hash that is none.
  """
  if protocol not in PROTOCOLS:
    raise UserError(f"unknown protocol {protocol!r}; one of {', '.join(PROTOCOLS)}.")
  if not re.fullmatch(r"[0-9a-f]{64}", weights):
    raise UserError(f"{weights!r} is no sha256 of the weights: 64 hexadecimal digits.")
  result = files.read_json(folder / "result.json")
  per_user = hashlib.sha256(files.read_bytes(folder / "per_user.csv")).hexdigest()
  kept = ("srcc", "interval", "against", "gain", "test", "undefined")
  return {
    "method": method,
    "encoder": encoder,
    "weights_sha256": weights,
    "protocol": protocol,
    "protocol_version": result["protocol"],
    "command": command,
    "seed": result["seed"],
    "num_splits": result["num_splits"],
    "people": result["people"],
    "ratings": result["ratings"],
    "per_user_sha256": per_user,
    "by_shots": {
      k: {name: one[name] for name in kept} | {"users": len(one["users"])}
      for k, one in result["by_shots"].items()
    },
  }


def add(row: Mapping[str, Any], folder: Path) -> Path:
  """Writes the row's file into the leaderboard's folder, in place of an earlier one of its name.

  Raises:
    UserError: it was run on other ratings than the rows of its protocol that are there.
  """
  words = f"{row['protocol']} {row['encoder']} {row['method']}"
  path = folder / f"{re.sub(r'[^a-z0-9]+', '_', words.lower()).strip('_')}.json"
  for there in sorted(set(folder.glob(f"{row['protocol']}_*.json")) - {path}):
    same = files.read_json(there)
    if (same["people"], same["ratings"]) != (row["people"], row["ratings"]):
      raise UserError(
        f"{row['people']} users and {row['ratings']:,} ratings were asked, {row['protocol']} has "
        f"{same['people']} and {same['ratings']:,}: benchmark on the ratings that "
        "`python -m launch.leaderboard --ratings=FILE` writes."
      )
  files.write_text(path, json.dumps(row, indent=1, ensure_ascii=False) + "\n")
  return path


def page(folder: Path, intro: str) -> str:
  """The page: `intro`, a table of measured rows a protocol, and the published ones.

  Raises:
    UserError: a file of the folder is no row.
  """
  rows = [files.read_json(path) for path in sorted(folder.glob("*.json")) if path.name != PUBLISHED]
  parts = [intro.rstrip()]
  for name, protocol in PROTOCOLS.items():
    measured = [row for row in rows if row["protocol"] == name]
    if measured:
      parts += [f"## {protocol.title}", _measured(measured, protocol.ceiling)]
  if (folder / PUBLISHED).is_file():
    parts += ["## Published by others", _published(files.read_json(folder / PUBLISHED))]
  return "\n\n".join(parts) + "\n"


def _measured(rows: Sequence[Mapping[str, Any]], ceiling: float | None) -> str:
  """One table, ordered by SROCC at the largest k; each gain is over the same encoder's ridge."""
  shots = sorted({int(k) for row in rows for k in row["by_shots"]})
  rows = sorted(rows, key=lambda row: -_mean(row, shots[-1]))
  columns = [("k = {}", _figure), ("gain, {}", _gain)]
  if ceiling is not None:
    columns.append(("of what is attainable, {}", functools.partial(_share, ceiling)))
  head = ["encoder", "method", *(name.format(k) for name, _ in columns for k in shots)]
  lines = [
    [row["encoder"], f"`{row['method']}`"]
    + [tell(row["by_shots"].get(str(k))) for _, tell in columns for k in shots]
    for row in rows
  ]
  generic = {row["encoder"]: row["by_shots"] for row in rows}
  lines += [
    [encoder, "*no rating of one's own*", *(_before(one.get(str(k))) for k in shots)]
    + [""] * (len(columns) - 1) * len(shots)
    for encoder, one in generic.items()
  ]
  people = sorted({(row["people"], row["ratings"], row["num_splits"]) for row in rows})
  told = "; ".join(f"{u} users, {n:,} ratings, {s} splits" for u, n, s in people)
  sources = [
    f"- {row['encoder']}, `{row['method']}`: `{row['command']}`; weights "
    f"{row['weights_sha256'][:8]}, scores by user {row['per_user_sha256'][:8]}."
    for row in rows
  ]
  return "\n".join([*_table(head, lines), "", f"{told}.", "", *sources])


def _published(groups: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
  """A table for each protocol's published figures, with where they stand."""
  parts = []
  for title, rows in groups.items():
    shots = list(dict.fromkeys(k for row in rows for k in row["srcc"]))
    head = ["method", *(f"k = {k}" for k in shots), "source"]
    lines = [
      [row["method"], *(_digits(row["srcc"].get(k)) for k in shots), row["source"]] for row in rows
    ]
    parts += [f"**{title}**", "", *_table(head, lines), ""]
  return "\n".join(parts).rstrip()


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
  rule = "|".join("---" for _ in head)
  return [f"| {' | '.join(head)} |", f"|{rule}|", *(f"| {' | '.join(line)} |" for line in lines)]


def _mean(row: Mapping[str, Any], k: int) -> float:
  one = row["by_shots"].get(str(k))
  return -1.0 if one is None else one["srcc"]["mean"]


def _figure(one: Mapping[str, Any] | None) -> str:
  """SROCC and its interval over people."""
  if one is None:
    return ""
  low, high = one["interval"]["people"]
  return f"{_digits(one['srcc']['mean'])} ({_digits(low)} to {_digits(high)})"


def _before(one: Mapping[str, Any] | None) -> str:
  """SROCC of the generic score."""
  return "" if one is None else _digits(one["against"]["mean"])


def _gain(one: Mapping[str, Any] | None) -> str:
  if one is None or one["test"]["gain"] is None:
    return ""
  test = one["test"]
  return f"{test['gain']:+.3f} ({test['low']:+.3f} to {test['high']:+.3f})"


def _share(ceiling: float, one: Mapping[str, Any] | None) -> str:
  """The mean gain as a share of what the generic score lacks, its interval that of the gain."""
  if one is None or one["against"]["mean"] is None:
    return ""
  lacks = ceiling - one["against"]["mean"]
  low, high = one["gain"]["people"]
  return f"{one['gain']['mean'] / lacks:.0%} ({low / lacks:.0%} to {high / lacks:.0%})"


def _digits(value: float | None) -> str:
  return "" if value is None else f"{value:.3f}".lstrip("0")
