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
    _pack(database, [split for split, kept in manifest["images"].items() if kept], work, partial)
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
    digest.update(table.rename({"path": "image"}, strict=False).write_ndjson().encode())
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


def _pack(database: Database, splits: list[str], work: list[shards.Shard], folder: Path) -> None:
  """Packs the shards of these splits with their labels into <folder>/images."""
  labels = _labels(database)

  def examples(split: str) -> Iterator[records.Example]:
    for shard in work:
      if shard.split == split and shard.target:
        for image, data in pl.read_parquet(shard.target, columns=[0, 1]).iter_rows():
          if data is not None:
            yield records.Example(image, data, **labels(image))

  streams = {split: examples(split) for split in splits}
  records.write(folder, streams, len(database.scale), len(database.aux_names))


def _labels(database: Database) -> Callable[[str], dict]:
  """A function from an image to its labels, see types.Batch; people's traits are averaged."""
  names = list(database.aux_names)
  traits = database.traits.group_by("path").agg(pl.col(names).mean())
  counts = database.distributions
  b, k = len(database.scale), len(names)
  aux = dict(zip(traits["path"], traits.select(names).to_numpy(), strict=True))
  scale = np.asarray(database.scale, np.float64)
  count = {image: np.asarray(row, np.float64) for image, row in counts.iter_rows()}

  def labels(image: str) -> dict:
    fields = dict(
      distribution=np.zeros(b, np.float32),
      aux=np.asarray(aux.get(image, np.zeros(k)), np.float32),
      has_distribution=0.0,
      has_aux=float(image in aux),
    )
    if image in count:
      own = count[image]
      total = float(own.sum())
      fields |= dict(distribution=np.asarray(own / total, np.float32), has_distribution=1.0)
      # one division of exact sums: images of equal means get the same number, and 5 is 5
      fields |= dict(mean_score=float(own @ scale) / total, raters=total)
    return fields

  return labels


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
