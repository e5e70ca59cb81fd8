"""Folds: of the people of a prepared PsychoFlickr, a view each; of any database's training images.

A view holds an index and a manifest, and reads the images of the folder that it is a view of:
ten folds cost the disk of one.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl

from paiaa_jax import files
from paiaa_jax.data import records
from paiaa_jax.data.databases import draws, psychoflickr
from paiaa_jax.data.databases.database import SPLITS
from paiaa_jax.errors import UserError


def view_path(prepared: Path, fold: int) -> Path:
  """Where the view of a fold lies: beside the prepared folder."""
  return prepared.with_name(f"{prepared.name}_fold{fold}")


def write_view(
  prepared: Path, fold: int, folds: int, *, validation: float = 0.05, seed: int = 0
) -> Path:
  """Writes the view of one fold and returns its path; one that is there is replaced.

  The people of each split are those of databases.psychoflickr.load with the same arguments.

  Args:
    prepared: a folder that launch.prepare_data made, with people's traits.
    fold: 0..folds - 1, the people of the test split.
    folds: into how many parts the people are drawn.
    validation: fraction of the training people held out.
    seed: of the draws.

  Raises:
    UserError: `prepared` is no prepared folder, has no people, or there is no such fold.
  """
  manifest = records.read_manifest(prepared)
  if not (prepared / "traits.parquet").is_file():
    raise UserError(f"{prepared} has no traits by person; folds are of people.")
  people = records.read_table(prepared, "traits").select("user", "path")
  splits = psychoflickr.split_people(people["user"], fold, folds, validation, seed)
  by_image = people.join(splits, "user").select("path", "split")
  index = records.read_index(prepared).drop("split").join(by_image, "path").sort("row")
  folder = view_path(prepared, fold)
  counts = dict(index["split"].value_counts().iter_rows())
  changed = {
    "name": folder.name,
    "images": {split: counts[split] for split in SPLITS if split in counts},
    "images_of": f"../{prepared.name}",
    "fold": [fold, folds],
  }
  with files.atomic_write(folder) as draft:
    files.write_frame(draft / "index.parquet", index)
    files.write_json(draft / "manifest.json", manifest | changed)
    shutil.rmtree(folder, ignore_errors=True)
  return folder


def fold_of_images(prepared: str | Path, folds: int) -> dict[str, int]:
  """The fold, 0..folds - 1, of each image that is not for testing, drawn once for all seeds.

  A network that was trained without a fold can be asked about it: what it says of other users'
  images is then no better known to it than what it says of test images.
  """
  index = records.read_index(Path(prepared))
  names = index.filter(pl.col("split") != "test")["path"]
  order = draws.draw(names, len(names), 0, "folds of training images")
  return {name: place % folds for place, name in enumerate(order)}
