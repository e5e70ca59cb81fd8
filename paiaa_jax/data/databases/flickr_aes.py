"""FLICKR-AES (Ren et al., ICCV 2017): 40,000 photographs rated 1..5 by 210 workers.

    <folder>/FLICKR-AES_image_labeled_by_each_worker.csv   worker, imagePair, score
    <folder>/40K/<image>.jpg                               (or images/, or beside the csv)

Some copies hold a file a worker instead, workers/<worker>.csv with `image,score`. 37 workers are
for testing, known by sha256("flickr-aes:" + worker) alone; their hashes come with this package, or
from a file test_workers.sha256 beside the csv, which goes first. An image that any of them rated
is a test image; no other is.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl

from paiaa_jax.data.databases import checks, counting, draws, folders, text_table
from paiaa_jax.data.databases.database import Database
from paiaa_jax.errors import UserError

SCALE = (1.0, 2.0, 3.0, 4.0, 5.0)
RATING_FILES = (
  "FLICKR-AES_image_labeled_by_each_worker.csv",
  "image_labeled_by_each_worker.csv",
)
WORKER_FOLDER = "workers"
OWN_HASHES = "test_workers.sha256"
PACKAGED_HASHES = Path(__file__).with_name("flickr_aes_test_workers.sha256")
PUBLISHED = {"train": 35_263, "test": 4_737}  # images


def load(
  folder: str | Path, *, validation: float = 0.05, seed: int = 0, repeats: str = "refuse"
) -> Database:
  """Reads FLICKR-AES.

  A distribution counts all ratings of its image; those of training and validation images are
  training workers' only. Workers for training have rated test images too: their ratings of
  them are in `ratings`, with the split "train" of their worker.

  Args:
    folder: holds the ratings and the images.
    validation: fraction of the training images held out, drawn by `seed`.
    seed: of that draw.
    repeats: where a worker scored one image twice: "refuse" different scores, or take the "mean".

  Raises:
    UserError: a bad line, no ratings in the folder, or none by the test workers.
  """
  folder = Path(folder)
  ratings, notes = read_ratings(folder, repeats)
  own = folder / OWN_HASHES
  hashes = read_hashes(own if own.is_file() else PACKAGED_HASHES)
  ratings, seen = _split_workers(ratings, hashes, folder)
  test_images = ratings.filter(pl.col("split") == "test")["path"].unique().to_list()
  images = draws.split_off(ratings.select("path").unique(maintain_order=True), "path", test_images)
  if seen < len(hashes):
    notes.append(f"{seen} of the {len(hashes)} test workers are in this copy")
  if not own.is_file():
    notes += _compare_with_published(images)
  return Database(
    name="flickr_aes",
    image_root=folders.image_root(folder, ("40K", "images")),
    images=draws.hold_out(images, "validation", validation, seed),
    distributions=counting.count_scores(ratings, SCALE),
    ratings=ratings,
    scale=SCALE,
    notes=tuple(notes),
  )


def read_ratings(folder: Path, repeats: str = "refuse") -> tuple[pl.DataFrame, list[str]]:
  """`user, path, score`, one row a rating, and notes on rows that were repeats."""
  path = folders.find_file(folder, RATING_FILES)
  if path:
    table = text_table.read(path)
    checks.columns(table, ("worker", "imagePair", "score"), path)
    parts = [(path, table.rename({"worker": "user", "imagePair": "path"}))]
  else:
    parts = [(path, _read_worker(path)) for path in sorted((folder / WORKER_FOLDER).glob("*.csv"))]
  if not parts:
    names = ", ".join((*RATING_FILES, f"{WORKER_FOLDER}/*.csv"))
    raise UserError(f"{folder} holds none of: {names}")
  checked = [_check(table, path, repeats) for path, table in parts]
  repeated = sum(dropped for _, dropped in checked)
  notes = [f"{repeated} repeated ratings are counted once"] if repeated else []
  return pl.concat(table for table, _ in checked), notes


def read_hashes(path: Path) -> set[str]:
  """The sha256 hashes in a file, one a line."""
  table = text_table.read(path, names=("hash",))
  said = pl.format("'{}' is no sha256", "hash")
  text_table.refuse(table, ~pl.col("hash").str.contains(r"^[0-9a-f]{64}$"), path, said)
  return set(table["hash"])


def _read_worker(path: Path) -> pl.DataFrame:
  table = text_table.read(path)
  checks.columns(table, ("image", "score"), path)
  return table.rename({"image": "path"}).with_columns(user=pl.lit(path.stem))


def _check(table: pl.DataFrame, path: Path, repeats: str) -> tuple[pl.DataFrame, int]:
  """Scores 1..5 as numbers, safe paths, one row a (user, path); see checks.ratings."""
  table = checks.image_paths(table, path)
  table = checks.numbers(table, ["score"], path, SCALE[0], SCALE[-1])
  said = pl.format("the score {} is none of 1, 2, 3, 4, 5", "score")
  text_table.refuse(table, pl.col("score").round() != pl.col("score"), path, said)
  return checks.ratings(table, path, repeats)


def _split_workers(
  ratings: pl.DataFrame, hashes: set[str], folder: Path
) -> tuple[pl.DataFrame, int]:
  """`ratings` with the column `split`, and how many test workers there are."""
  workers = ratings["user"].unique().to_list()
  test = [
    worker
    for worker in workers
    if hashlib.sha256(f"flickr-aes:{worker}".encode()).hexdigest() in hashes
  ]
  if not test:
    raise UserError(
      f"{folder}: none of the {len(hashes)} test workers is among its {len(workers)} workers; "
      f"write sha256('flickr-aes:' + worker) of those for testing to {OWN_HASHES} there"
    )
  return draws.split_off(ratings, "user", test), len(test)


def _compare_with_published(images: pl.DataFrame) -> list[str]:
  """A note for each split whose number of images is not the published one."""
  found = {split: images.filter(pl.col("split") == split).height for split in PUBLISHED}
  return [
    f"{found[split]} {split} images where {number} are published ({found[split] - number:+})"
    for split, number in PUBLISHED.items()
    if found[split] != number
  ]
