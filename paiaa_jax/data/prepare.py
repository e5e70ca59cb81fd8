"""A database's folder -> a prepared folder: every image verified, bounded in size, packed once.

Images are re-encoded by shard in a process pool (data.shards), then packed by TFDS
(data.records) into <out>/<name>.partial, which takes its final name when all is there. Stopped
at any point, the same call goes on where it was. The images that could not be packed are listed in
left_out.csv: path, split, reason.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from paiaa_jax import files
from paiaa_jax.data import images, left_out, records, shards
from paiaa_jax.data.databases.database import SPLITS, Database
from paiaa_jax.errors import UserError

PACKAGES = ("paiaa-jax", "tensorflow-datasets", "array-record", "pillow", "polars", "numpy")

Progress = Callable[[int, int], None]  # (images done, all images)


class Prepared(NamedTuple):
  """What was packed.

  Attributes:
    manifest: content of manifest.json.
    left_out: the images that could not be, `path, split, reason`.
  """

  manifest: dict
  left_out: pl.DataFrame


def verify(
  database: Database,
  source: Path,
  *,
  shorter_side: int = 350,
  workers: int = 0,
  progress: Progress | None = None,
  allow_missing: bool = False,
) -> Prepared:
  """Decodes every image, writes nothing, and returns or raises what `prepare` would."""
  gaps = left_out.collect(_names(database), _run(_looking(database), workers, progress))
  if not allow_missing:
    left_out.refuse_gaps(gaps, database.images.height)
  return Prepared(_manifest(database, source, shorter_side, gaps), gaps)


def prepare(
  database: Database,
  source: Path,
  out: Path,
  *,
  shorter_side: int = 350,
  workers: int = 0,
  progress: Progress | None = None,
  allow_missing: bool = False,
) -> Prepared:
  """Writes <out>/<database.name>.

  Args:
    database: labels, and the names of the images.
    source: the distributor's folder, from which the manifest names the label files.
    out: where prepared folders live.
    shorter_side: pixels, bound of an image's shorter side: what training resizes to, so that
      nothing is enlarged again; 0 packs the files as they are.
    workers: processes; 0: one per core.
    progress: called with (images done, all images) as shards end.
    allow_missing: pack what is there, also where more than left_out.MOST of the images cannot be.

  Raises:
    UserError: too many images cannot be packed, the folder was prepared from other labels or
      settings, or without images that can be read by now, or the database's name is not one of a
      folder.
  """
  if not re.fullmatch(r"\w[\w. -]*", database.name):
    raise UserError(f"{database.name!r} cannot name a folder; use letters, digits and . _ -")
  folder, partial = out / database.name, out / f"{database.name}.partial"
  recipe = _recipe(database, shorter_side)
  if folder.exists():
    before = _prepared_before(folder, database, recipe, workers)
    if not allow_missing:
      left_out.refuse_gaps(before.left_out, database.images.height, folder)
    return before
  with files.writing(folder):
    _remove_all_but(partial / "shards", recipe)
    work = _work(database, partial / "shards" / recipe, shorter_side)
    gaps = left_out.collect(_names(database), _run(work, workers, progress))
    left_out.write(partial, gaps)
    if not allow_missing:
      left_out.refuse_gaps(gaps, database.images.height, partial)
    manifest = _manifest(database, source, shorter_side, gaps)
    shutil.rmtree(partial / "images", ignore_errors=True)
    _pack(database, gaps, work, partial)
    _write_tables(database, partial)
    files.write_json(partial / "manifest.json", manifest)
    shutil.rmtree(partial / "shards")
    os.replace(partial, folder)
  return Prepared(manifest, gaps)


def describe(prepared: Prepared) -> str:
  """A summary for people: how many images, why others were left out, what is odd about the copy."""
  manifest, gaps = prepared
  packed = ", ".join(f"{split} {count:,}" for split, count in manifest["images"].items())
  lines = [f"{manifest['name']}: {sum(manifest['images'].values()):,} images ({packed})"]
  lines[0] += f", {len(gaps):,} left out" if len(gaps) else ", none left out"
  lines += [f"  {count:,} {reason}" for reason, count in left_out.reasons(gaps)]
  return "\n".join([*lines, *(f"  note: {note}" for note in manifest["notes"])])


def _prepared_before(folder: Path, database: Database, recipe: str, workers: int) -> Prepared:
  """What lies in `folder`, unless it was made from other labels, or there are more images now."""
  manifest = records.read_manifest(folder)
  if manifest["recipe"] != recipe:
    raise UserError(
      f"{folder} was prepared from other labels or settings; remove it or choose another --out."
    )
  gaps = left_out.read(folder, manifest)
  again = database.images.join(gaps, on="path", how="semi", maintain_order="left")
  work = _looking(database._replace(images=again))
  refused = {name for _, bad in shards.run_all(work, workers) for name, _ in bad}
  if come := [name for name in again["path"] if name not in refused]:
    raise UserError(
      f"{folder} lacks {len(come):,} of the images that can be read now, such as {come[0]}; "
      "remove it to have them packed too."
    )
  return Prepared(manifest, gaps)


def _recipe(database: Database, shorter_side: int) -> str:
  """Short hash of all that the records are made from: labels, names and settings.

  Folders were first prepared from tables with the key `image`, and stay valid.
  """
  settings = (
    database.scale,
    database.aux_names,
    shorter_side,
    images.JPEG_QUALITY,
    shards.SHARD_SIZE,
  )
  digest = hashlib.sha256(repr((records.VERSION, images.PREPROCESSING, settings)).encode())
  for table in (database.images, database.distributions, database.ratings, database.traits):
    for rows in table.rename({"path": "image"}, strict=False).iter_slices():
      digest.update(rows.write_ndjson().encode())
  return digest.hexdigest()[:16]


def _remove_all_but(folder: Path, name: str) -> None:
  """Makes <folder>/<name> and drops what runs with other settings left beside it."""
  (folder / name).mkdir(parents=True, exist_ok=True)
  for other in folder.iterdir():
    if other.name != name:
      shutil.rmtree(other)


def _looking(database: Database) -> list[shards.Shard]:
  """Shards that decode the images and write nothing."""
  return [shard._replace(target=None) for shard in _work(database, Path(), 0)]


def _work(database: Database, folder: Path, shorter_side: int) -> list[shards.Shard]:
  """The shards of each split, in the database's order."""
  work = []
  for split, names in _names(database).items():
    for number, start in enumerate(range(0, len(names), shards.SHARD_SIZE)):
      part = tuple(names[start : start + shards.SHARD_SIZE])
      target = folder / f"{split}-{number:05d}.parquet"
      work.append(shards.Shard(split, part, database.image_root, shorter_side, target))
  return work


def _names(database: Database) -> dict[str, list[str]]:
  """The images of each split that has any."""
  names = {
    split: database.images.filter(pl.col("split") == split)["path"].to_list() for split in SPLITS
  }
  return {split: listed for split, listed in names.items() if listed}


def _run(work: list[shards.Shard], workers: int, progress: Progress | None) -> dict[str, str]:
  """Runs the shards; image -> reason of each that was refused."""
  refused, done, total = {}, 0, sum(len(shard.names) for shard in work)
  for shard, bad in shards.run_all(work, workers):
    refused.update(bad)
    done += len(shard.names)
    if progress:
      progress(done, total)
  if len(refused) == total:
    name, reason = next(iter(refused.items()), ("", "the labels name none"))
    where = work[0].root / name if work else "no image"
    raise UserError(f"not one of {total} images can be read; the first is {where}: {reason}.")
  return refused


def _pack(database: Database, gaps: pl.DataFrame, work: list[shards.Shard], folder: Path) -> None:
  """Packs what the shards hold into <folder>/images."""

  def encoded() -> Iterator[tuple[str, bytes]]:
    for shard in work:
      if shard.target:
        yield from pl.read_parquet(shard.target, columns=[0, 1]).drop_nulls().iter_rows()

  index = _index(database, gaps)
  records.write(folder, index, encoded(), len(database.scale), len(database.aux_names))


def _index(database: Database, gaps: pl.DataFrame) -> pl.DataFrame:
  """A row of records.INDEX for each image that is packed; people's traits are averaged.

  Arrays and columns: a dict or a list for each of AVA's images is hundreds of megabytes.
  """
  rated, names, b = database.distributions, list(database.aux_names), len(database.scale)
  counts = rated["counts"].explode().cast(pl.Float64).to_numpy().reshape(len(rated), b)
  total = counts.sum(axis=1)
  scores = {
    "path": rated["path"],
    "distribution": (counts / total[:, None]).astype(np.float32),
    # one division of exact sums: images of equal means get the same number, and 5 is 5
    "mean_score": np.vecdot(counts, np.asarray(database.scale, np.float64)) / total,
    "raters": total,
  }
  people = database.traits.group_by("path").agg(pl.col(names).mean())
  traits = {"path": people["path"], "aux": people.select(names).to_numpy().astype(np.float32)}
  index = database.images.join(gaps, on="path", how="anti", maintain_order="left")
  index = index.sort(pl.col("split").cast(pl.Enum(SPLITS)), maintain_order=True)
  for labels in (scores, traits):
    index = index.join(pl.DataFrame(labels), on="path", how="left", maintain_order="left")
  told = pl.col("distribution", "aux").is_not_null().cast(pl.Float32).name.prefix("has_")
  lists = [
    pl.col(name).cast(pl.List(pl.Float32)).fill_null(pl.lit([0.0] * length, pl.List(pl.Float32)))
    for name, length in {"distribution": b, "aux": len(names)}.items()
  ]
  return index.with_columns(told, *lists).select(*records.INDEX)


def _write_tables(database: Database, folder: Path) -> None:
  """The tables by user, where the database has them."""
  if not database.ratings.is_empty():
    files.write_frame(folder / "ratings.parquet", database.ratings)
  if "user" in database.traits.columns:
    files.write_frame(folder / "traits.parquet", database.traits)


def _manifest(database: Database, source: Path, shorter_side: int, gaps: pl.DataFrame) -> dict:
  """What the prepared folder holds, how many were left out, and what it was made from."""
  missing = dict(gaps["split"].value_counts().iter_rows())
  packed = {split: len(names) - missing.get(split, 0) for split, names in _names(database).items()}
  return {
    "name": database.name,
    "images": packed,
    "with_distribution": database.distributions.height,
    "with_traits": database.traits["path"].n_unique(),
    "ratings": database.ratings.height,
    "users": database.ratings["user"].n_unique(),
    "scale": list(database.scale),
    "aux_names": list(database.aux_names),
    "notes": list(database.notes),
    "shorter_side": shorter_side,
    "left_out": len(gaps),
    "label_files": _hashes(database.label_files, source),
    "preprocessing": images.PREPROCESSING,
    "recipe": _recipe(database, shorter_side),
    "versions": {package: importlib.metadata.version(package) for package in PACKAGES},
  }


def _hashes(label_files: Iterable[Path], source: Path) -> dict[str, str]:
  """Path within source (a folder or one file), or name alone, -> sha256 of each label file."""
  base = source.parent if source.is_file() else source
  hashes = {}
  for path in label_files:
    name = path.relative_to(base).as_posix() if path.is_relative_to(base) else path.name
    with files.reading(path, "a file"), path.open("rb") as file:
      hashes[name] = hashlib.file_digest(file, "sha256").hexdigest()
  return dict(sorted(hashes.items()))
