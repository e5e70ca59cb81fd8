"""Ratings beside the scores of their images, out of core: every file is read once.

Scores and ratings are dealt into groups by the hash of the image, so that a rating and its score
meet in one group; what a group joins is dealt into parts by the hash of the user:
  images/scores-S/, images/ratings-S/   a shard's rows, group-G.parquet each
  parts/group-G/                        the group's ratings beside their scores, part-P.parquet each
A folder is there whole or not at all. Memory is bounded by a shard, a group and a part.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from paiaa_jax import files
from paiaa_jax.data.databases.table_file import key_by_path
from paiaa_jax.errors import UserError
from paiaa_jax.personalization.splits import hash_ids

HASHED_AT_ONCE = 2**16  # ids


def deal_images(shard: Path, columns: Sequence[str], groups: int, out: Path) -> None:
  """Writes these columns of a shard into a file a group of images, in the folder `out`.

  Raises:
    UserError: the shard is no such table, or a row has no user or no path.
  """
  if out.exists():
    return
  with files.reading(shard, f"a parquet table of {', '.join(columns)}", pl.exceptions.PolarsError):
    table = key_by_path(pl.scan_parquet(shard)).select(columns).collect()
  for key in {"user", "path"} & {*columns}:
    if nameless := table[key].null_count():
      raise UserError(f"{shard}: {nameless} rows have no {key}.")
  _deal(table, "path", groups, out, "group")


def join_group(
  images: Path, group: int, names: Sequence[str], scale: Sequence[float], parts: int, out: Path
) -> None:
  """Writes a group's ratings, beside their scores, into a file a part of users, in folder `out`.

  A row holds `user, path`, the auxiliary outputs, the `residual` of the rating, and the `fault` for
  which its user is refused, or null. The group's files in `images` are removed.

  Args:
    images: folder of the shards that deal_images made.
    group: its number.
    names: of the auxiliary outputs.
    scale: lowest and highest rating possible.
    parts: of users.
    out: the folder to write.
  """
  name = f"group-{group:05d}.parquet"
  scores, ratings = (sorted(images.glob(f"{kind}-*/{name}")) for kind in ("scores", "ratings"))
  if not out.exists():
    rated = _concat(ratings, {"user": pl.String, "path": pl.String, "score": pl.Float64})
    numbers = dict.fromkeys(("aesthetic_score", *names), pl.Float64)
    rows = rated.join(_concat(scores, {"path": rated.schema["path"], **numbers}), on="path")
    unscored = len(rated) - len(rows)
    rows = rows.select(
      "user",
      "path",
      pl.col(names).cast(pl.Float32),
      residual=(pl.col("score") - pl.col("aesthetic_score")).cast(pl.Float32),
      fault=_fault(names, scale),
    ).sort("path")  # the outputs of an image side by side are compressed to nearly one
    _deal(rows, "user", parts, out, "part", {"ratings": len(rows), "unscored": unscored})
  for file in (*scores, *ratings):
    file.unlink()


def read_part(parts: Path, part: int) -> pl.DataFrame | None:
  """A part's rows, of all groups, sorted by user and path; None where it has none."""
  found = sorted(parts.glob(f"group-*/part-{part:05d}.parquet"))
  return _concat(found, {}).sort("user", "path") if found else None


def _fault(names: Sequence[str], scale: Sequence[float]) -> pl.Expr:
  """Why a row's user is refused, or null."""
  numbers = ("aesthetic_score", *names)
  return (
    pl.when(~pl.col("score").is_finite().fill_null(False))
    .then(pl.lit("a rating that is not a finite number"))
    .when(~pl.col("score").is_between(scale[0], scale[1]))
    .then(pl.lit(f"a rating outside {scale[0]:g}..{scale[1]:g}"))
    .when(~pl.all_horizontal(pl.col(numbers).is_finite().fill_null(False)))
    .then(pl.lit("a score or auxiliary output that is not a finite number"))
  )


def _concat(found: Sequence[Path], schema: dict) -> pl.DataFrame:
  """The tables of these files as one, an empty one of that schema where there are none."""
  tables = [pl.read_parquet(file) for file in found] or [pl.DataFrame(schema=schema)]
  return pl.concat(tables, how="vertical_relaxed")


def _deal(
  table: pl.DataFrame, key: str, count: int, out: Path, name: str, told: dict | None = None
) -> None:
  """Writes the rows into files <out>/<name>-N.parquet, 0 <= N < count, by the hash of `key`."""
  ids = table[key].unique()
  pieces = (ids.slice(start, HASHED_AT_ONCE) for start in range(0, len(ids), HASHED_AT_ONCE))
  buckets = [hash_ids(piece.to_numpy()) % np.uint64(count) for piece in pieces]
  hashed = pl.DataFrame({key: ids, "bucket": np.concatenate([np.zeros(0, np.uint64), *buckets])})
  dealt = table.join(hashed, on=key).partition_by("bucket", include_key=False, as_dict=True)
  with files.atomic_write(out) as draft:
    draft.mkdir()
    for (bucket,), rows in dealt.items():
      rows.write_parquet(draft / f"{name}-{bucket:05d}.parquet")
    if told is not None:
      files.write_json(draft / "counts.json", told)
