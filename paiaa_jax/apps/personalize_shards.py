"""Everyone's weights, out of core: parquet shards of ratings and scores in, one of weights out.

Four steps, each resumed by the file where it stopped, all files of a step dealt to the hosts:
  WORKDIR/images/           ratings and scores, dealt into groups of images (see deal_shards)
  WORKDIR/parts/            ratings beside their scores, dealt into parts of users
  WORKDIR/prior.json        what the users of part 0 say of the others
  WORKDIR/weights/part-P.parquet        user, ratings, weights, intercept, noise, why refused
Time grows with the number of ratings and of scores, each of which is read once; memory is bounded
by a shard, a group and a part.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import polars as pl
from jax.experimental import multihost_utils

from paiaa_jax import files
from paiaa_jax.apps import deal_shards, users_table
from paiaa_jax.errors import UserError
from paiaa_jax.personalization import blocks
from paiaa_jax.personalization.prior import Prior, fit_prior
from paiaa_jax.workdir import claim


def run(settings: dict[str, Any], workdir: Path) -> None:
  """Fits every user; `settings` are the fields of configs/personalize_at_scale.py's shards.

  Raises:
    UserError: no shard of ratings or of scores, a column is missing, or another run's parts lie in
      the workdir.
  """
  ratings, scores = _files(settings["ratings"]), _files(settings["scores"])
  claim(workdir / "settings.json", settings, write=jax.process_index() == 0)
  with files.reading(scores[0], "a parquet table", pl.exceptions.PolarsError):
    schema = pl.DataFrame(schema=pl.read_parquet_schema(scores[0]))
  names = users_table.output_names(schema)
  _deal(ratings, scores, names, settings, workdir)
  prior_path = workdir / "prior.json"
  if jax.process_index() == 0 and not prior_path.exists():
    rows = read_part(workdir / "parts", 0, names)[0]
    _write_prior(prior_path, fit_crowd(rows, settings["crowd"]))
  _wait_for_all("prior")
  prior = read_prior(prior_path)
  fit = blocks.compile_fit(jax.local_devices())
  for part in _mine(settings["parts"]):
    out = workdir / "weights" / f"part-{part:05d}.parquet"
    if not out.exists():
      fitted = fit_part(*read_part(workdir / "parts", part, names), names, fit, prior)
      files.write_frame(out, fitted)
      logging.info("wrote %s", out)
  _wait_for_all("weights")


def _deal(
  ratings: Sequence[Path],
  scores: Sequence[Path],
  names: Sequence[str],
  settings: dict[str, Any],
  workdir: Path,
) -> None:
  """Writes WORKDIR/parts, by way of WORKDIR/images."""
  images, parts, groups = workdir / "images", workdir / "parts", settings["groups"]
  shards = [("scores", number, shard) for number, shard in enumerate(scores)]
  shards += [("ratings", number, shard) for number, shard in enumerate(ratings)]
  columns = {
    "scores": ("path", "aesthetic_score", *names),
    "ratings": ("user", "path", "score"),
  }
  for mine in _mine(len(shards)):
    kind, number, shard = shards[mine]
    deal_shards.deal_images(shard, columns[kind], groups, images / f"{kind}-{number:05d}")
  _wait_for_all("images")
  for group in _mine(groups):
    out = parts / f"group-{group:05d}"
    deal_shards.join_group(images, group, names, settings["scale"], settings["parts"], out)
  _wait_for_all("parts")


def read_part(parts: Path, part: int, names: Sequence[str]) -> tuple[blocks.Rows, pl.DataFrame]:
  """A part's users: their rows, and a frame of user, ratings, refused (why; null if sound)."""
  rows = deal_shards.read_part(parts, part)
  if rows is None:
    return blocks.Rows(
      np.zeros((0, len(names) + 2), np.float32), np.zeros(1, np.int64)
    ), pl.DataFrame(schema={"user": pl.String, "ratings": pl.UInt32, "refused": pl.String})
  people = rows.group_by("user", maintain_order=True).agg(
    ratings=pl.len(), refused=pl.col("fault").drop_nulls().first()
  )
  sound = pl.col("refused").is_null()
  rows = rows.join(
    people.filter(sound).select("user"), on="user", how="semi", maintain_order="left"
  )
  columns = rows.select(*names, pl.lit(1.0).alias("one"), "residual")
  starts = np.concatenate([[0], np.cumsum(people.filter(sound)["ratings"].to_numpy())])
  rows = blocks.Rows(columns.cast(pl.Float32).to_numpy(order="c"), starts.astype(np.int64))
  return rows, people


def fit_crowd(rows: blocks.Rows, people: int) -> Prior:
  """The prior that the first `people` (or fewer) users of a part tell."""
  if len(rows.starts) < 3:
    raise UserError("part 0 holds fewer than two people; take fewer parts.")
  first = blocks.Rows(rows.columns, rows.starts[: people + 1])
  moments = []
  for users, block in blocks.lay_out(first):
    moments.append(blocks.moments_of_block(block[: len(users)]))
  crowd = jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *moments)
  return jax.jit(fit_prior)(crowd, jnp.ones_like(crowd.count))


def fit_part(
  rows: blocks.Rows, people: pl.DataFrame, names: Sequence[str], fit, prior: Prior
) -> pl.DataFrame:
  """`people` with their weights; null where refused."""
  sound = np.flatnonzero(people["refused"].is_null().to_numpy())
  values = np.full((len(people), len(names) + 2), np.nan, np.float32)
  for users, posterior in blocks.fit_rows(fit, rows, prior):
    fitted = np.concatenate([posterior.mean, np.asarray(posterior.noise_variance)[:, None]], axis=1)
    values[sound[users]] = fitted[: len(users)]
  columns = [*(f"w_{name}" for name in names), "intercept", "noise"]
  return people.hstack(pl.DataFrame(values, schema=columns).fill_nan(None))


def read_prior(path: Path) -> Prior:
  """What `run` found in prior.json, as float32 arrays."""
  stored = files.read_json(path)
  return Prior(**{name: jnp.asarray(value, jnp.float32) for name, value in stored.items()})


def _write_prior(path: Path, prior: Prior) -> None:
  stored = {name: np.asarray(value).tolist() for name, value in prior._asdict().items()}
  files.write_json(path, stored)


def _files(pattern: str) -> list[Path]:
  path = Path(pattern)
  found = sorted(path.parent.glob(path.name))
  if not found:
    raise UserError(f"no parquet shard matches {pattern}.")
  return found


def _mine(count: int) -> range:
  """The files that this host takes."""
  return range(jax.process_index(), count, jax.process_count())


def _wait_for_all(step: str) -> None:
  if jax.process_count() > 1:
    multihost_utils.sync_global_devices(step)
