"""A prepared PsychoFlickr, packed once -> a view of it for each fold by person.

A view holds an index and a manifest, and reads the images of the folder that it is a view of:
ten folds cost the disk of one.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from paiaa_jax import files
from paiaa_jax.data import records
from paiaa_jax.data.databases import psychoflickr
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
